package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.attention.KvCache;

/**
 * A token is computed in memory that is there. The JVM counts what its threads allocate: once code
 * that loads vectors is compiled, only the look at the file's size and date is left of it.
 */
@Isolated("counts what all threads allocate")
class TokenMemoryTest {
  private static final int TOKENS = 50;
  private static final int MOST_BYTES = 1000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"Q4_K_M", "Q8_0", "F16"})
  void aTokenAllocatesNothing(String type) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Quantize.of(checkpoint).to("gguf:" + type).into(folder.resolve("model.gguf"));
    }
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(folder.resolve("model.gguf")), RunOptions.defaults())) {
      KvCache cache = model.cache(2 * TOKENS);
      float[] logits = new float[model.config().vocabulary()];
      int[] token = {13};
      long end = System.nanoTime() + PATIENCE.toNanos();
      long bytes = Long.MAX_VALUE;
      while (bytes > MOST_BYTES * TOKENS && System.nanoTime() < end) {
        cache.truncate(0);
        long before = THREADS.getTotalThreadAllocatedBytes();
        for (int i = 0; i < TOKENS; i++) {
          token[0] = 13 + i;
          model.logits(token, cache, logits);
        }
        bytes = THREADS.getTotalThreadAllocatedBytes() - before;
      }
      assertThat(bytes / TOKENS).isLessThanOrEqualTo(MOST_BYTES);
    }
  }
}
