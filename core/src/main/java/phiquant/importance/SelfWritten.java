package phiquant.importance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Identity;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;
import phiquant.publish.Publication;
import phiquant.run.SequenceBatch;
import phiquant.run.sampling.Sampler;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Tokenizer;

/**
 * A text that a model writes itself: it says what the model is apt to say, where no text like that
 * is at hand. Sequences begin with tokens by chance and go on at temperature 1, all at once, so
 * that weights are read once for each position. Where two tokens are as likely to the last bits,
 * another machine may choose otherwise; so the text is kept beside the matrix, and what is there
 * already is read instead.
 */
final class SelfWritten {
  private static final int SEQUENCES = 64;
  private static final int LENGTH = 128;
  private static final long SEED = 1;

  private final Checkpoint checkpoint;
  private final PhiModel model;
  private final Path file;
  private final int sequences;
  private final int length;

  /**
   * Of a model.
   *
   * @param matrix beside which it is kept; its name, and the model's, are in that of the text
   */
  SelfWritten(PhiModel model, Path matrix) {
    this(model, matrix, SEQUENCES, LENGTH);
  }

  SelfWritten(PhiModel model, Path matrix, int sequences, int length) {
    this.sequences = sequences;
    this.length = Math.min(length, model.config().contextLength());
    this.checkpoint = model.checkpoint();
    this.model = model;
    String stamp = new Identity().add(checkpoint).hex().substring(0, 8);
    this.file =
        matrix
            .toAbsolutePath()
            .resolveSibling(
                matrix.getFileName().toString().replaceFirst("\\.gguf$", "")
                    + ".self-"
                    + stamp
                    + ".txt");
  }

  /** What it will cost, in a sentence. */
  static String cost(PhiModel model) {
    long bytes =
        model.checkpoint().tensors().values().stream().mapToLong(StoredTensor::storedBytes).sum();
    return String.format(
        Locale.ROOT,
        "The model writes %d texts of %d tokens first: its weights (%.1f GB) are read %d times, and"
            + " it takes about as long as calibrating on %d tokens more.",
        SEQUENCES,
        LENGTH,
        bytes / 1e9,
        LENGTH,
        SEQUENCES * LENGTH);
  }

  /** Where the text is, once it is written. */
  Path file() {
    return file;
  }

  /** Writes the text, unless it is there already. */
  void write(int threads, CalibrationProgress progress) {
    if (Files.exists(file)) {
      return;
    }
    int[][] written = written(threads, progress);
    try (Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      String text =
          Arrays.stream(written).map(tokenizer::decode).collect(Collectors.joining("\n\n"));
      Publication.write(file, text, false);
    }
  }

  /** Shape {@code [sequences][length]}. */
  int[][] written(int threads, CalibrationProgress progress) {
    SplittableRandom random = new SplittableRandom(SEED);
    Sampler[] samplers = new Sampler[sequences];
    int[] next = new int[sequences];
    for (int i = 0; i < sequences; i++) {
      samplers[i] = new Sampler(new Sampling(1, 0, 1, 0, 1, random.nextLong()));
      next[i] = random.nextInt(model.config().vocabulary());
    }
    int[][] written = new int[sequences][length];
    progress.begin("Writing", (long) sequences * length, 0);
    try (SequenceBatch batch = new SequenceBatch(checkpoint, sequences, length, threads)) {
      for (int t = 0; t < length; t++) {
        for (int i = 0; i < sequences; i++) {
          written[i][t] = next[i];
        }
        if (t + 1 < length) {
          batch.append(next, (i, logits) -> next[i] = samplers[i].next(logits));
        }
        progress.advance(sequences);
      }
    }
    progress.end();
    return written;
  }
}
