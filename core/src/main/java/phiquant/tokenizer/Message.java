package phiquant.tokenizer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, or {@code tool} for what a tool gave
 * @param content the text
 * @param calls the tools that the model called in this turn
 */
public record Message(String role, String content, List<Call> calls) {
  /** A call of a tool. */
  public record Call(String name, ObjectNode arguments) {}

  /** A turn without calls. */
  public Message(String role, String content) {
    this(role, content, List.of());
  }

  public static Message system(String content) {
    return new Message("system", content);
  }

  public static Message user(String content) {
    return new Message("user", content);
  }

  public static Message assistant(String content) {
    return new Message("assistant", content);
  }
}
