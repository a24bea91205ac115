package phiquant.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What encoders take at best in one start of the JVM, in nanoseconds of CPU per weight, for each of
 * two threads that read, check and encode as the pass does. Many starts tell how much is left to
 * chance. Usage: ROUNDS FORMAT...
 */
public final class Starts {
  private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

  private Starts() {}

  public static void main(String[] arguments) throws InterruptedException {
    int rounds = Integer.parseInt(arguments[0]);
    Map<String, Object[]> cases = FormatCases.all();
    List<String> names = List.of(arguments).subList(1, arguments.length);
    double[][] best = new double[2][names.size()];
    Thread[] threads = new Thread[best.length];
    for (int t = 0; t < threads.length; t++) {
      double[] own = best[t];
      threads[t] = Thread.ofPlatform().start(() -> encode(cases, names, rounds, own));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    for (int i = 0; i < names.size(); i++) {
      System.out.printf(Locale.ROOT, "%s %.2f %.2f; ", names.get(i), best[0][i], best[1][i]);
    }
    System.out.println();
  }

  /** All threads write the same bytes to the same place, which does no harm. */
  private static void encode(
      Map<String, Object[]> cases, List<String> names, int rounds, double[] best) {
    Arrays.fill(best, Double.MAX_VALUE);
    for (int round = 0; round < rounds; round++) {
      ((Runnable) cases.get("read bf16")[0]).run();
      ((Runnable) cases.get("finite")[0]).run();
      for (int i = 0; i < best.length; i++) {
        long before = CLOCK.getCurrentThreadCpuTime();
        ((Runnable) cases.get(names.get(i))[0]).run();
        double each = (double) (CLOCK.getCurrentThreadCpuTime() - before) / FormatCases.WEIGHTS;
        best[i] = Math.min(best[i], each);
      }
    }
  }
}
