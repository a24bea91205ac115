package phiquant.npu;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The operators of a graph that Qualcomm's library leaves to the CPU. Its exception says only that
 * there are some; their names stand in its log, in lines like {@code Unsupported nodes in QNN EP: {
 * name: /a/Erf, type: Erf }, } (GetCapabilityImpl of onnxruntime-qnn 2.7.0).
 *
 * @param operators kind and name of each, in the order of the log, each once
 */
record RefusedOperators(List<String> operators) {
  private static final Pattern LINE = Pattern.compile("Unsupported nodes in QNN EP:(.*)");
  private static final Pattern NODE = Pattern.compile("\\{ name: (.*?), type: (\\w+) \\}");

  /** As many as fit into a line that someone reads. */
  private static final int NAMED = 3;

  /** Those that a log names. */
  static RefusedOperators in(String log) {
    Set<String> found = new LinkedHashSet<>();
    Matcher lines = LINE.matcher(log);
    while (lines.find()) {
      Matcher nodes = NODE.matcher(lines.group(1));
      while (nodes.find()) {
        found.add(nodes.group(2) + " (" + nodes.group(1) + ")");
      }
    }
    return new RefusedOperators(List.copyOf(found));
  }

  boolean isEmpty() {
    return operators.isEmpty();
  }

  /** The first few, and how many more. */
  String summary() {
    String first = operators.stream().limit(NAMED).collect(Collectors.joining(", "));
    int more = operators.size() - NAMED;
    return more > 0 ? first + " and " + more + " more" : first;
  }
}
