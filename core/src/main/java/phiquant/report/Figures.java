package phiquant.report;

import java.util.Locale;
import phiquant.eval.Result;
import phiquant.eval.TensorError;

/** How figures of an evaluation are written, at the terminal and on the page alike. */
public final class Figures {
  private Figures() {}

  /** One window, two windows. */
  public static String count(int number, String thing) {
    return number + " " + thing + (number == 1 ? "" : "s");
  }

  /** Bytes in MB or GB, of 10⁶ and 10⁹. */
  public static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  /** A divergence with four digits behind the point, small ones with six. */
  public static String nats(double kl) {
    return String.format(Locale.ROOT, kl < 0.001 ? "%.6f" : "%.4f", kl);
  }

  /** A share. */
  public static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** With that many digits behind the point. */
  public static String number(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }

  /** The median matrix's relative error, as a share; norms are exact nearly everywhere. */
  public static double medianError(Result result) {
    double[] errors =
        result.errors().stream()
            .filter(error -> !error.role().name().endsWith("NORM"))
            .mapToDouble(TensorError::relativeRms)
            .sorted()
            .toArray();
    return errors.length == 0 ? 0 : errors[errors.length / 2];
  }
}
