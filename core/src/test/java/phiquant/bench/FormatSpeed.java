package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import jdk.incubator.vector.FloatVector;

/**
 * What every format costs on one thread: from floats to the bytes of an artifact, in CPU time;
 * beside it, copying as many bytes as the source has. With the classes of an older build, both in
 * turn in one JVM, and their bytes must be equal. Usage: [NAMES, a regular expression
 * [OLD_CLASSES]]
 */
public final class FormatSpeed {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final int ROUNDS = 7;

  private FormatSpeed() {}

  public static void main(String[] arguments) throws Exception {
    String names = arguments.length > 0 ? arguments[0] : ".*";
    System.out.printf("vectors of %d bits%n", FloatVector.SPECIES_PREFERRED.vectorBitSize());
    copies();
    Map<String, Object[]> now = FormatCases.all();
    Map<String, Object[]> old = arguments.length > 1 ? casesOf(Path.of(arguments[1])) : Map.of();
    System.out.println("| format | ns per weight | GB/s of bf16 source | before | before / now |");
    System.out.println("|---|---|---|---|---|");
    for (String name : now.keySet()) {
      if (name.matches(names)) {
        row(name, now.get(name), old.get(name));
      }
    }
  }

  /** The same cases with the main classes of another build. */
  @SuppressWarnings("unchecked")
  private static Map<String, Object[]> casesOf(Path classes) throws Exception {
    URL tests = FormatSpeed.class.getProtectionDomain().getCodeSource().getLocation();
    URL others = URI.create(classes.toUri() + "/").toURL();
    ClassLoader loader =
        new URLClassLoader(new URL[] {others, tests}, ClassLoader.getPlatformClassLoader());
    return (Map<String, Object[]>)
        loader.loadClass(FormatCases.class.getName()).getMethod("all").invoke(null);
  }

  private static void row(String name, Object[] now, Object[] old) {
    Runnable ours = (Runnable) now[0];
    Runnable theirs = old == null ? ours : (Runnable) old[0];
    warmUp(ours);
    if (old != null) {
      warmUp(theirs);
    }
    double[] mine = new double[ROUNDS];
    double[] before = new double[ROUNDS];
    double[] ratios = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      before[round] = old == null ? Double.NaN : mean(theirs, 40_000_000);
      mine[round] = mean(ours, 40_000_000);
      ratios[round] = before[round] / mine[round];
    }
    double each = median(mine) / FormatCases.WEIGHTS;
    System.out.printf(
        Locale.ROOT,
        "| %s | %.3f | %.2f | %.3f | %.2f (%.2f to %.2f) |%s%n",
        name,
        each,
        2 / each,
        median(before) / FormatCases.WEIGHTS,
        median(ratios),
        Arrays.stream(ratios).min().orElseThrow(),
        Arrays.stream(ratios).max().orElseThrow(),
        old == null || equal((MemorySegment[]) now[1], (MemorySegment[]) old[1])
            ? ""
            : " DIFFERENT BYTES");
  }

  /** Until it gets no faster: on a busy machine the compiler is late. */
  private static void warmUp(Runnable work) {
    double best = Double.MAX_VALUE;
    for (int since = 0, turn = 0; since < 8 && turn < 100; since++, turn++) {
      double one = mean(work, 50_000_000);
      if (one < 0.98 * best) {
        best = one;
        since = 0;
      }
    }
  }

  private static boolean equal(MemorySegment[] a, MemorySegment[] b) {
    for (int i = 0; i < a.length; i++) {
      if (a[i].mismatch(b[i]) != -1) {
        return false;
      }
    }
    return true;
  }

  /** Copying, in the caches and beyond them. */
  private static void copies() {
    for (long bytes : new long[] {2L * FormatCases.WEIGHTS, 1L << 27}) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment from = arena.allocate(bytes, 64).fill((byte) 1);
        MemorySegment to = arena.allocate(bytes, 64).fill((byte) 2);
        double[] each = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
          each[round] = mean(() -> to.copyFrom(from), 100_000_000) / bytes;
        }
        System.out.printf(Locale.ROOT, "copying %d MB: %.2f GB/s%n", bytes >> 20, 1 / median(each));
      }
    }
  }

  /** Nanoseconds of CPU of one call. */
  private static double mean(Runnable work, long least) {
    long begin = THREADS.getCurrentThreadCpuTime();
    long now = begin;
    int calls = 0;
    while (now - begin < least) {
      work.run();
      calls++;
      now = THREADS.getCurrentThreadCpuTime();
    }
    return (double) (now - begin) / calls;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
