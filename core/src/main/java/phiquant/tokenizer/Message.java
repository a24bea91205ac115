package phiquant.tokenizer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import phiquant.picture.Picture;

/**
 * One turn of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant}, or {@code tool} for what a tool gave
 * @param content the text
 * @param calls the tools that the model called in this turn
 * @param pictures what is shown with it
 */
public record Message(String role, String content, List<Call> calls, List<Picture> pictures) {
  /** A call of a tool. */
  public record Call(String name, ObjectNode arguments) {}

  /** A turn without pictures. */
  public Message(String role, String content, List<Call> calls) {
    this(role, content, calls, List.of());
  }

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

  /** What a person says of pictures. */
  public static Message user(String content, List<Picture> pictures) {
    return new Message("user", content, List.of(), List.copyOf(pictures));
  }

  public static Message assistant(String content) {
    return new Message("assistant", content);
  }
}
