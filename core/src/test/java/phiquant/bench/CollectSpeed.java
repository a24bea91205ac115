package phiquant.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaCollector;
import phiquant.engines.LlamaLibrary;
import phiquant.importance.Calibrate;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;

/**
 * Seconds to read a text in sequences of 512 tokens and to collect an importance matrix from it:
 * ours and libllama's, in turns, from the same GGUF file, on all cores. One JSON line for each
 * turn; the first warms up. Libllama's collector is a callback in Java, which costs more than
 * llama-imatrix's own: its time is no less than that of reading alone.
 */
public final class CollectSpeed {
  private static final int LENGTH = 512;

  private CollectSpeed() {}

  /** The arguments are a GGUF file, tokens, turns. */
  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]);
    int tokens = Integer.parseInt(args[1]);
    Path matrix = Files.createTempFile("matrix", ".gguf");
    int threads = Runtime.getRuntime().availableProcessors();
    RunOptions options =
        new RunOptions(threads, Activations.F32, LongRopeRule.CHECKPOINT, CacheType.F32);
    LlamaLibrary library = LlamaLibrary.open(Engines.llamaLibrary());
    for (int turn = 0; turn < Integer.parseInt(args[2]); turn++) {
      ObjectNode line = new ObjectMapper().createObjectNode().put("turn", turn);
      try (Checkpoint checkpoint = Checkpoints.open(file)) {
        List<int[]> sequences;
        try (LanguageModel model = LanguageModel.of(checkpoint, options)) {
          sequences = sequences(tokens, model.config().vocabulary());
          long start = System.nanoTime();
          sequences.forEach(ids -> model.logits(ids, model.cache(LENGTH)));
          line.put("our_prefill_s", seconds(start));
        }
        long start = System.nanoTime();
        Calibrate.of(checkpoint).tokens(tokens).threads(threads).overwrite(true).into(matrix);
        line.put("our_collecting_s", seconds(start));
        try (LlamaLibrary.Session session = library.load(file, LENGTH)) {
          start = System.nanoTime();
          sequences.forEach(session::read);
          line.put("llama_prefill_s", seconds(start));
        }
        try (LlamaLibrary.Session session =
            library.load(file, LENGTH, new LlamaCollector(library))) {
          start = System.nanoTime();
          sequences.forEach(session::read);
          line.put("llama_collecting_s", seconds(start));
        }
      }
      System.out.println(line);
    }
    Files.delete(matrix);
  }

  private static List<int[]> sequences(int tokens, int vocabulary) {
    List<int[]> sequences = new ArrayList<>();
    for (int at = 0; at + LENGTH <= tokens; at += LENGTH) {
      sequences.add(
          IntStream.range(at, at + LENGTH)
              .map(i -> (int) ((7919L * i + 13) % vocabulary))
              .toArray());
    }
    return sequences;
  }

  private static double seconds(long since) {
    return Math.round((System.nanoTime() - since) / 1e6) / 1e3;
  }
}
