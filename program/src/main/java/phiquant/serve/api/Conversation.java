package phiquant.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.tokenizer.Message;

/** Reads a chat's {@code messages}. */
final class Conversation {
  private Conversation() {}

  static List<Message> of(Fields fields) {
    JsonNode messages = fields.given("messages");
    if (messages == null || !messages.isArray() || messages.isEmpty()) {
      throw ApiError.wrong("messages", "messages must be a list with at least one message.");
    }
    ShownPictures pictures = new ShownPictures();
    List<Message> conversation = new ArrayList<>();
    for (JsonNode message : messages) {
      conversation.add(message(message, pictures));
    }
    return conversation;
  }

  private static Message message(JsonNode message, ShownPictures pictures) {
    String role = message.path("role").asText();
    if (!role.matches("system|developer|user|assistant|tool")) {
      throw ApiError.wrong(
          "messages", "A message's role must be system, developer, user, assistant or tool.");
    }
    List<Message.Call> calls = new ArrayList<>();
    if (role.equals("assistant")) {
      message.path("tool_calls").forEach(call -> calls.add(call(call)));
    }
    JsonNode content = message.path("content");
    // Who calls tools may have said nothing, which clients write as null or not at all.
    boolean silent = !calls.isEmpty() && (content.isNull() || content.isMissingNode());
    return new Message(
        role.equals("developer") ? "system" : role,
        silent ? "" : content(content),
        calls,
        content.isArray() ? pictures.of(content, role) : List.of());
  }

  /** A string, or a list of parts that are text or pictures. */
  private static String content(JsonNode content) {
    if (content.isTextual()) {
      return content.asText();
    }
    if (!content.isArray()) {
      throw ApiError.wrong("messages", "A message's content must be a string or a list of parts.");
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      if (ShownPictures.is(part)) {
        continue;
      }
      if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
        throw ApiError.wrong("messages", "Parts of a message must be text or image_url.");
      }
      text.append(part.path("text").asText());
    }
    return text.toString();
  }

  private static Message.Call call(JsonNode call) {
    JsonNode function = call.path("function");
    String arguments = function.path("arguments").asText("");
    if (!function.path("name").isTextual()) {
      throw ApiError.wrong("messages", "A tool call must have a function with a name.");
    }
    try {
      ObjectNode object =
          Json.object(
              (arguments.isBlank() ? "{}" : arguments).getBytes(StandardCharsets.UTF_8),
              "A tool call's arguments");
      return new Message.Call(function.path("name").asText(), object);
    } catch (UserError e) {
      throw ApiError.wrong("messages", e.getMessage());
    }
  }
}
