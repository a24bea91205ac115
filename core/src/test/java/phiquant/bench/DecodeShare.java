package phiquant.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import phiquant.engine.Checkpoints;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;

/**
 * What share of the speed of plain reading decoding reaches, which reads all weights for each
 * token. The two take turns on the same mapped file with as many threads, because a shared
 * machine's memory is twice as fast in one minute as in another. Prints medians and the best.
 */
public final class DecodeShare {
  /** Tokens before it counts, for the JIT compiler. */
  private static final int WARM_UP = 12;

  private DecodeShare() {}

  /** The arguments are a GGUF file, threads and turns. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args[0]);
    int threads = Integer.parseInt(args[1]);
    int turns = Integer.parseInt(args[2]);
    RunOptions options =
        new RunOptions(threads, Activations.INT8, LongRopeRule.LLAMA, CacheType.F16);
    try (Arena arena = Arena.ofShared();
        FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
        LanguageModel model = LanguageModel.open(Checkpoints.open(path), options)) {
      MemorySegment all = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size(), arena);
      double[] reading = new double[turns];
      double[] decoding = new double[turns];
      KvCache cache = model.cache(WARM_UP + turns);
      long sum = 0;
      for (int i = -WARM_UP; i < turns; i++) {
        long start = System.nanoTime();
        sum += StreamSpeed.read(all, threads);
        long middle = System.nanoTime();
        model.logits(new int[] {100 + i}, cache);
        long end = System.nanoTime();
        if (i >= 0) {
          reading[i] = all.byteSize() / (double) (middle - start);
          decoding[i] = all.byteSize() / (double) (end - middle);
        }
      }
      Arrays.sort(reading);
      Arrays.sort(decoding);
      double plain = reading[turns / 2];
      double token = decoding[turns / 2];
      System.out.printf(
          "%s: decoding %.1f GB/s (%.2f tokens/s), plain reading %.1f GB/s: %.0f %%"
              + " (best %.1f and %.1f; sum %d)%n",
          path.getFileName(),
          token,
          token * 1e9 / all.byteSize(),
          plain,
          100 * token / plain,
          decoding[turns - 1],
          reading[turns - 1],
          sum);
    }
  }
}
