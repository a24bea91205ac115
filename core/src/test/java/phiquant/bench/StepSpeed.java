package phiquant.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import phiquant.engine.Checkpoints;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;

/**
 * Tokens per second of sequences that grow together, each by one token a step, behind prompts of 64
 * tokens: of 1, 2, 4 and 8 sequences, and of a prompt of 256 tokens, which is the limit. The best
 * of some repetitions; prints a JSON line. One thread is measured by the time that it had a
 * processor, so that a busy machine can tell two kernels apart.
 */
public final class StepSpeed {
  private static final int PROMPT = 64;
  private static final int STEPS = 32;

  private StepSpeed() {}

  /** The arguments are an artifact, the number of threads, repetitions, and how many sequences. */
  public static void main(String[] args) throws Exception {
    int threads = Integer.parseInt(args[1]);
    int repetitions = Integer.parseInt(args[2]);
    int[] counts =
        args.length == 3
            ? new int[] {1, 2, 4, 8}
            : Arrays.stream(args).skip(3).mapToInt(Integer::parseInt).toArray();
    RunOptions options =
        new RunOptions(threads, Activations.INT8, LongRopeRule.LLAMA, CacheType.F16);
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(Path.of(args[0])), options)) {
      double prompt = 0;
      double[] best = new double[counts.length];
      for (int i = 0; i < repetitions; i++) {
        prompt = Math.max(prompt, prompt(model, threads));
        for (int j = 0; j < counts.length; j++) {
          best[j] = Math.max(best[j], steps(model, counts[j], threads));
        }
      }
      var line =
          new ObjectMapper()
              .createObjectNode()
              .put("engine", "phiquant")
              .put("file", Path.of(args[0]).getFileName().toString())
              .put("threads", threads)
              .put("prompt_tok_s", Math.round(10 * prompt) / 10.0);
      for (int j = 0; j < counts.length; j++) {
        line.put("together_" + counts[j] + "_tok_s", Math.round(10 * best[j]) / 10.0);
      }
      System.out.println(line);
    }
  }

  private static long now(int threads) {
    return threads == 1
        ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
        : System.nanoTime();
  }

  private static int[] ids(LanguageModel model, int from, int count) {
    return IntStream.range(from, from + count)
        .map(i -> (int) ((7919L * i + 13) % model.config().vocabulary()))
        .toArray();
  }

  private static double prompt(LanguageModel model, int threads) {
    long start = now(threads);
    model.logits(ids(model, 0, 256), model.cache(256));
    return 256e9 / (now(threads) - start);
  }

  private static double steps(LanguageModel model, int count, int threads) {
    KvCache[] caches = new KvCache[count];
    for (int i = 0; i < count; i++) {
      caches[i] = model.cache(PROMPT + STEPS);
      model.logits(ids(model, 1000 * i, PROMPT), caches[i]);
    }
    float[][] logits = new float[count][model.config().vocabulary()];
    long start = now(threads);
    for (int step = 0; step < STEPS; step++) {
      model.step(ids(model, 100 * step, count), caches, count, logits);
    }
    return STEPS * count * 1e9 / (now(threads) - start);
  }
}
