package phiquant.serve.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads calls of tools as the model writes them, {@code [{"name": …, "arguments": {…}}, …]}, and
 * gives on what is new of them. The grammar has seen to their form; an answer that was cut ends in
 * the middle.
 */
public final class CallReader {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /**
   * What is new of a call.
   *
   * @param index of the call
   * @param name its name if it has just begun, else null
   * @param arguments more of the JSON of its arguments
   */
  public record Delta(int index, String name, String arguments) {}

  private enum Part {
    /** A name of a member, or what is between values. */
    WORD,
    NAME,
    ARGUMENTS
  }

  private final StringBuilder word = new StringBuilder();
  private Part part = Part.WORD;
  private int calls;
  private int depth;
  private boolean quoted;
  private boolean escaped;

  /** Takes the next piece in. */
  List<Delta> read(String text) {
    List<Delta> deltas = new ArrayList<>();
    StringBuilder arguments = new StringBuilder();
    for (char c : text.toCharArray()) {
      boolean ends = part == Part.ARGUMENTS ? argument(c, arguments) : outside(c, deltas);
      if (ends) {
        deltas.add(new Delta(calls - 1, null, arguments.toString()));
        arguments.setLength(0);
        part = Part.WORD;
      }
    }
    if (!arguments.isEmpty()) {
      deltas.add(new Delta(calls - 1, null, arguments.toString()));
    }
    return deltas;
  }

  /** Whether that was the last character of the arguments. */
  private boolean argument(char c, StringBuilder arguments) {
    if (depth == 0 && c != '{') {
      return false; // The space after the colon.
    }
    arguments.append(c);
    if (!string(c)) {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    }
    return depth == 0;
  }

  /** Never the end of arguments. */
  private boolean outside(char c, List<Delta> deltas) {
    boolean was = quoted;
    if (string(c)) {
      word.append(c);
      if (was && !quoted && part == Part.NAME) {
        deltas.add(new Delta(calls++, unquoted(word.toString()), ""));
        part = Part.WORD;
      }
    } else if (c == ':') {
      String member = unquoted(word.toString());
      part = member.equals("name") ? Part.NAME : Part.ARGUMENTS;
      word.setLength(0);
    } else if (c == ',' || c == '{') {
      word.setLength(0);
    }
    return false;
  }

  /** Whether a character belongs to a string, its quotes included. */
  private boolean string(char c) {
    boolean inside = quoted;
    if (escaped) {
      escaped = false;
    } else if (quoted && c == '\\') {
      escaped = true;
    } else if (c == '"') {
      quoted = !quoted;
    }
    return inside || quoted;
  }

  private static String unquoted(String json) {
    try {
      return MAPPER.readValue(json, String.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // The grammar lets nothing else pass.
    }
  }
}
