package phiquant.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The most memory that this process held since it was last asked, mapped files included. Linux
 * tells; elsewhere there is no answer.
 */
final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");

  private PeakMemory() {}

  /** Begins to watch. */
  static void reset() {
    System.gc();
    try {
      // 5 sets the peak back to what is held now (man proc_pid_clear_refs).
      Files.writeString(RESET, "5");
    } catch (IOException e) {
      // Not Linux, or not allowed; then the peak is that of the whole run.
    }
  }

  /** Bytes, or null where nobody tells. */
  static Long read() {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }
}
