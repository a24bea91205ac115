package phiquant.importance;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Identity;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engine.gguf.imatrix.ModelTraits;
import phiquant.engine.gguf.writer.ImportanceFile;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.publish.Publication;

/**
 * Makes an importance matrix of a checkpoint:
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoints.open(Path.of("Phi-3.5-mini-instruct"))) {
 *   Calibrate.of(checkpoint).into(Path.of("calibration.gguf"));
 * }
 * }</pre>
 *
 * A text is cut into sequences of 512 tokens, as llama-imatrix cuts it, and all of them pass one
 * layer before the next. One that takes long and is killed goes on where it was when it is called
 * again.
 */
public final class Calibrate {
  /** Whose arithmetic gives other last bits gets another number. */
  private static final String ARITHMETIC = "2";

  private final Checkpoint checkpoint;
  private CalibrationText text = CalibrationText.builtIn();
  private int most;
  private int threads = Runtime.getRuntime().availableProcessors();
  private boolean overwrite;
  private boolean self;
  private CalibrationProgress progress = CalibrationProgress.NONE;
  private Optional<Passage> passage = Optional.empty();
  private Duration saveEvery = Duration.ofSeconds(30);

  private Calibrate(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
  }

  /** Begins with a checkpoint, which stays open for the caller to close. */
  public static Calibrate of(Checkpoint checkpoint) {
    return new Calibrate(checkpoint);
  }

  /** The text to take, instead of the built-in one. */
  public Calibrate text(CalibrationText text) {
    this.text = text;
    return this;
  }

  /** How many tokens of it to take; by default all, up to 32768. */
  public Calibrate tokens(int most) {
    this.most = most;
    return this;
  }

  /** How many threads work; by default all that the machine has. The sums are the same. */
  public Calibrate threads(int threads) {
    this.threads = threads;
    return this;
  }

  /** Replaces a file that exists already. */
  public Calibrate overwrite(boolean overwrite) {
    this.overwrite = overwrite;
    return this;
  }

  /**
   * Adds a text that the model writes itself, which is kept beside the matrix; what is there from
   * before is read.
   */
  public Calibrate self(boolean self) {
    this.self = self;
    return this;
  }

  /** What writing that text will cost, in a sentence. */
  public String selfCost() {
    return SelfWritten.cost(Family.model(checkpoint));
  }

  /** Who takes the text through the layers, if not this process alone. */
  public Calibrate by(Passage passage) {
    this.passage = Optional.of(passage);
    return this;
  }

  /** Who is told how far it is. */
  public Calibrate progress(CalibrationProgress progress) {
    this.progress = progress;
    return this;
  }

  /** How often to keep how far it is. */
  Calibrate saveEvery(Duration every) {
    this.saveEvery = every;
    return this;
  }

  /**
   * Writes the matrix.
   *
   * @return what is in it
   * @throws UserError if the model or the text is not fit for it, or the file cannot be written
   */
  public Importance into(Path output) {
    PhiModel model = Family.model(checkpoint);
    CalibrationText whole = self ? text.and(written(model, output)) : text;
    Sequences all = Sequences.of(model, whole, most);
    try (Publication publication = Publication.begin(output, overwrite)) {
      String stamp = new Identity().add(checkpoint).hex();
      String cut = new Identity().add(ARITHMETIC + " " + all.length()).add(all.tokens()).hex();
      Unfinished unfinished = new Unfinished(output, stamp, cut, saveEvery);
      Importance importance =
          passage.isPresent()
              ? run(model, whole.names(), all.sequences(), passage.get())
              : run(model, whole.names(), all.sequences(), unfinished);
      publication.publish(ImportanceFile.bytes(importance, importance.keys()));
      unfinished.remove();
      return importance;
    } catch (IOException e) {
      throw new UserError(output + " cannot be written: " + e.getMessage() + ".", e);
    }
  }

  private CalibrationText written(PhiModel model, Path output) {
    SelfWritten own = new SelfWritten(model, output);
    own.write(threads, progress);
    return CalibrationText.of(List.of(own.file()));
  }

  /** By others, who do not go on where a run was killed. */
  private Importance run(PhiModel model, List<String> texts, int[][] sequences, Passage others) {
    int length = sequences[0].length;
    long tokens = (long) sequences.length * length;
    SortedMap<String, ColumnSums> entries = new TreeMap<>();
    progress.begin("Calibrating", tokens * (model.config().layers() + 1), 0);
    others.run(
        model,
        sequences,
        sums -> {
          sums.into(entries);
          progress.advance(tokens);
        });
    progress.end();
    return importance(model, texts, sequences, entries);
  }

  private static Importance importance(
      PhiModel model, List<String> texts, int[][] sequences, SortedMap<String, ColumnSums> sums) {
    return new Importance(
        Optional.of(ModelTraits.of(model)), texts, sequences.length, sequences[0].length, sums);
  }

  private Importance run(
      PhiModel model, List<String> texts, int[][] sequences, Unfinished unfinished)
      throws IOException {
    int length = sequences[0].length;
    int floats = Math.multiplyExact(length, model.config().hidden());
    try (SequenceWalk walk = new SequenceWalk(model, length, threads);
        Stream stream = new Stream(unfinished.large(), sequences.length, floats)) {
      SortedMap<String, ColumnSums> entries = new TreeMap<>();
      int done = unfinished.resume(stream, entries);
      Importance importance = importance(model, texts, sequences, entries);
      long tokens = (long) sequences.length * length;
      progress.begin("Calibrating", tokens * walk.layers(), tokens * done);
      for (int i = 0; done == 0 && i < sequences.length; i++) {
        stream.write(i, walk.embed(sequences[i]));
      }
      float[] rows = new float[floats];
      for (int layer = done; layer <= walk.layers(); layer++) {
        PartialSums sums = new PartialSums();
        for (int i = 0; i < sequences.length; i++) {
          stream.read(i, rows);
          sums.add(walk.pass(layer, rows));
          stream.write(i, rows);
          progress.advance(layer < walk.layers() ? length : 0);
        }
        sums.into(entries);
        if (layer < walk.layers()) {
          unfinished.save(layer + 1, stream, importance);
        }
      }
      progress.end();
      return importance;
    }
  }
}
