package phiquant.trust;

import java.util.ArrayList;
import java.util.List;

/** What must hold of every command, whatever it was given. */
final class Judge {
  static final long MILLIS = 2000;
  static final long KILOBYTES = 300_000;

  private Judge() {}

  /**
   * What does not hold, in words; nothing if all is well.
   *
   * @param command the first word of the command line
   */
  static List<String> faults(String command, WorkerProcess.Observed seen) {
    List<String> faults = new ArrayList<>();
    if (seen.outcome() == null) {
      return List.of(seen.death());
    }
    if (seen.kilobytes() > KILOBYTES) {
      faults.add("its memory grew by " + seen.kilobytes() / 1000 + " MB");
    }
    Worker.Outcome outcome = seen.outcome();
    String err = outcome.err();
    List<String> lines = err.lines().filter(line -> !line.matches("(note|warning): .+")).toList();
    if (outcome.code() == 0) {
      if (lines.stream().anyMatch(line -> line.startsWith("error:"))) {
        faults.add("it ends well, with an error");
      }
    } else if (outcome.code() != 1 && outcome.code() != 2) {
      faults.add("its exit code is " + outcome.code());
    } else if (lines.isEmpty()
        || !lines.get(0).matches("error: \\S.*")
        || lines.size() > 2
        || lines.size() == 2 && !lines.get(1).startsWith("hint: ")) {
      faults.add("it does not say what is wrong in one line");
    }
    if (err.contains("fault of phiquant")) {
      faults.add("it takes the input's fault for its own");
    }
    if (err.contains("there is not enough memory")) {
      faults.add("it runs out of memory");
    }
    if (err.contains("\tat ")) {
      faults.add("it shows a stack trace");
    }
    // What a model answers is its own.
    String printed = command.equals("run") ? err : err + outcome.out();
    if (printed.chars().anyMatch(c -> c < ' ' && c != '\n' && c != '\t')) {
      faults.add("it prints control characters");
    }
    return faults;
  }
}
