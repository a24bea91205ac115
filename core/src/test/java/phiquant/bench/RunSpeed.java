package phiquant.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import phiquant.engine.Checkpoints;
import phiquant.engines.LlamaLibrary;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;

/**
 * Tokens per second of our engine: a prompt of 256 tokens, then 64 tokens one by one, the best of
 * some repetitions, after the JIT compiler has warmed up on the same. Rotates as llama.cpp does, by
 * the cache's size: the checkpoint's rule reads a text again where it passes the original context.
 * Prints one JSON line, with what the model says after a prompt that every model can continue.
 */
public final class RunSpeed {
  private static final int PROMPT = 256;
  private static final int DECODED = 64;

  /** "1, 2, 3, 4, 5," in SmolLM2's tokens, and how many to add: engines are to agree on them. */
  private static final int[] COUNTING = {
    33, 28, 216, 34, 28, 216, 35, 28, 216, 36, 28, 216, 37, 28
  };

  private static final int ADDED = 24;

  private RunSpeed() {}

  /** The arguments are an artifact, the number of threads, repetitions, and {@code f32} or int8. */
  public static void main(String[] args) throws IOException {
    int threads = Integer.parseInt(args[1]);
    int repetitions = Integer.parseInt(args[2]);
    Activations activations =
        args.length > 3 && args[3].equals("f32") ? Activations.F32 : Activations.INT8;
    RunOptions options = new RunOptions(threads, activations, LongRopeRule.LLAMA, CacheType.F16);
    long start = System.nanoTime();
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(Path.of(args[0])), options)) {
      double load = seconds(start);
      int[] ids =
          IntStream.range(0, PROMPT + DECODED)
              .map(i -> (int) ((7919L * i + 13) % model.config().vocabulary()))
              .toArray();
      double prefill = 0;
      double decode = 0;
      double first = 0;
      for (int i = 0; i < repetitions; i++) {
        KvCache cache = model.cache(PROMPT + DECODED);
        long begin = System.nanoTime();
        model.logits(Arrays.copyOf(ids, PROMPT), cache);
        prefill = Math.max(prefill, PROMPT / seconds(begin));
        first = i == 0 ? seconds(begin) : first;
        long middle = System.nanoTime();
        for (int t = PROMPT; t < ids.length; t++) {
          model.logits(new int[] {ids[t]}, cache);
        }
        decode = Math.max(decode, DECODED / seconds(middle));
      }
      System.out.println(
          new ObjectMapper()
              .createObjectNode()
              .put("engine", "phiquant")
              .put("file", Path.of(args[0]).getFileName().toString())
              .put("threads", threads)
              .put("activations", activations.name())
              .put("load_s", rounded(load))
              .put("first_prompt_s", rounded(first))
              .put("prefill_tok_s", rounded(prefill))
              .put("decode_tok_s", rounded(decode))
              .putPOJO("continues", continued(model)));
    }
  }

  private static int[] continued(LanguageModel model) {
    KvCache cache = model.cache(COUNTING.length + ADDED);
    float[] logits = model.logits(COUNTING, cache);
    int[] added = new int[ADDED];
    for (int i = 0; i < ADDED; i++) {
      added[i] = LlamaLibrary.argmax(logits);
      logits = model.logits(new int[] {added[i]}, cache);
    }
    return added;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  private static double rounded(double value) {
    return Math.round(value * 1000) / 1000.0;
  }
}
