package phiquant.bench;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Map;

/**
 * What every format leaves to the garbage collector, in bytes per weight, once it is compiled. A
 * vector that stays an object shows there: it costs more bytes than the weights in it have. Usage:
 * [NAMES, a regular expression]
 */
public final class FormatGarbage {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private FormatGarbage() {}

  public static void main(String[] arguments) {
    String names = arguments.length > 0 ? arguments[0] : ".*";
    for (Map.Entry<String, Object[]> each : FormatCases.all().entrySet()) {
      if (each.getKey().matches(names)) {
        Runnable work = (Runnable) each.getValue()[0];
        warmUp(work);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        work.run();
        double bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
        System.out.printf(Locale.ROOT, "%s=%.3f%n", each.getKey(), bytes / FormatCases.WEIGHTS);
      }
    }
  }

  /** A quarter of a second of CPU, which no format's code waits so long for. */
  private static void warmUp(Runnable work) {
    long end = THREADS.getCurrentThreadCpuTime() + 250_000_000;
    for (int i = 0; i < 5 || THREADS.getCurrentThreadCpuTime() < end; i++) {
      work.run();
    }
  }
}
