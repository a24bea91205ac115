package phiquant.cli;

import java.util.List;
import phiquant.pipeline.Progress;

/**
 * Tells what is odd about a model that was opened. It goes to standard error, a line each, so that
 * what a command prints can still be piped; whoever calls leaves it out with {@code --quiet}.
 */
class Notices implements Progress {
  @Override
  public void notice(String text) {
    print(List.of(text));
  }

  static void print(List<String> notices) {
    notices.forEach(notice -> System.err.println("note: " + Errors.oneLine(notice)));
  }
}
