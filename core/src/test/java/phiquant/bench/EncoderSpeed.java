package phiquant.bench;

import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;
import java.util.SplittableRandom;
import phiquant.engines.GgmlQuantizer;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/**
 * Nanoseconds of CPU per weight of encoders that are told how much each column counts, on one
 * thread, ours and ggml's in turn, the best turn of each; bytes must be equal. Usage: TURNS TYPE...
 */
public final class EncoderSpeed {
  private static final int COLUMNS = 3072;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private EncoderSpeed() {}

  /** The best of as many as fit in a third of a second. */
  private static long best(Runnable work) {
    long least = Long.MAX_VALUE;
    long sum = 0;
    while (sum < 333_000_000) {
      long one = cpu(work);
      sum += one;
      least = Math.min(least, one);
    }
    return least;
  }

  private static long cpu(Runnable work) {
    long before = THREADS.getCurrentThreadCpuTime();
    work.run();
    return THREADS.getCurrentThreadCpuTime() - before;
  }

  public static void main(String[] arguments) {
    int turns = Integer.parseInt(arguments[0]);
    SplittableRandom random = new SplittableRandom(1);
    float[] x = new float[16 * COLUMNS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (random.nextGaussian() * 0.02);
    }
    float[] importance = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      importance[i] = (float) Math.exp(random.nextGaussian());
    }
    System.out.println("| type | ours, ns | ours, no matrix | ggml, ns | ratio |");
    System.out.println("|---|---|---|---|---|");
    for (int a = 1; a < arguments.length; a++) {
      GgmlType type = GgmlType.valueOf(arguments[a]);
      BlockFormat plain = GgmlFormats.of(type);
      BlockFormat format = plain.weighted(importance);
      byte[] out = new byte[Math.toIntExact(format.bytes(x.length))];
      MemorySegment segment = MemorySegment.ofArray(out);
      double ours = Double.MAX_VALUE;
      double without = Double.MAX_VALUE;
      double theirs = Double.MAX_VALUE;
      byte[][] expected = new byte[1][];
      for (int turn = 0; turn < turns; turn++) {
        ours = Math.min(ours, best(() -> format.encode(x, 0, x.length, segment, 0)));
        theirs =
            Math.min(
                theirs,
                cpu(() -> expected[0] = GgmlQuantizer.encode(type, x, COLUMNS, importance)));
        if (!java.util.Arrays.equals(out, expected[0])) {
          throw new IllegalStateException(type + ": wrong bytes");
        }
        without = Math.min(without, best(() -> plain.encode(x, 0, x.length, segment, 0)));
      }
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %.1f | %.1f | %.1f× |%n",
          type,
          ours / x.length,
          without / x.length,
          theirs / x.length,
          theirs / ours);
    }
  }
}
