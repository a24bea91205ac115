package phiquant.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import phiquant.engine.Checkpoints;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.KvCache;

/**
 * What a token of a model leaves to the garbage collector, in bytes, of all threads together: the
 * least that fifty tokens have left, for code that is not compiled yet makes objects. Usage: MODEL
 * ENOUGH, the bytes at which there is no need to wait for less.
 */
public final class TokenGarbage {
  private static final int TOKENS = 50;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private TokenGarbage() {}

  public static void main(String[] arguments) {
    long enough = Long.parseLong(arguments[1]);
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(Path.of(arguments[0])), RunOptions.defaults())) {
      KvCache cache = model.cache(2 * TOKENS);
      float[] logits = new float[model.config().vocabulary()];
      int[] token = {13};
      long end = System.nanoTime() + PATIENCE.toNanos();
      long least = Long.MAX_VALUE;
      while (least > enough && System.nanoTime() < end) {
        cache.truncate(0);
        long before = THREADS.getTotalThreadAllocatedBytes();
        for (int i = 0; i < TOKENS; i++) {
          token[0] = 13 + i;
          model.logits(token, cache, logits);
        }
        least = Math.min(least, (THREADS.getTotalThreadAllocatedBytes() - before) / TOKENS);
      }
      System.out.println(least);
    }
  }
}
