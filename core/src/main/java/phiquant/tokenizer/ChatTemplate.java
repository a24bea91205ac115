package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.ChatTemplates;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.jinja.Template;
import phiquant.jinja.TemplateError;

/**
 * Lays a conversation out as the model was trained to see it: the Jinja template that the artifact
 * carries, given what transformers' {@code apply_chat_template} gives it. Templates come from
 * strangers, and what users write is never taken for one.
 */
public final class ChatTemplate {
  private static final List<String> NAMED =
      List.of("bos_token", "eos_token", "unk_token", "pad_token");

  private final Template template;
  private final Map<String, Object> named;

  private ChatTemplate(Template template, Map<String, Object> named) {
    this.template = template;
    this.named = named;
  }

  /**
   * The template of a checkpoint or artifact.
   *
   * @throws UserError if it has none, or one that is broken
   */
  public static ChatTemplate of(Checkpoint checkpoint) {
    String where = checkpoint.path() + "/tokenizer_config.json";
    ObjectNode config =
        checkpoint
            .file("tokenizer_config.json")
            .map(bytes -> Json.object(bytes, where))
            .orElseGet(JsonNodeFactory.instance::objectNode);
    String source =
        ChatTemplates.of(checkpoint)
            .chosen()
            .orElseThrow(
                () ->
                    new UserError(
                        checkpoint.path() + " has no chat template.",
                        "Give it text as it is: with phiquant run --raw, or the server's"
                            + " completions."));
    return of(source, config);
  }

  /**
   * Why the template of a checkpoint gives no prompt for an ordinary conversation, if it has one
   * and gives none: tried with a system turn, and without, as some models have none.
   */
  public static Optional<String> fault(Checkpoint checkpoint) {
    if (ChatTemplates.of(checkpoint).chosen().isEmpty()) {
      return Optional.empty();
    }
    List<Message> turns =
        List.of(Message.user("Hi."), Message.assistant("Hello."), Message.user("Bye."));
    List<Message> withSystem = new ArrayList<>(turns);
    withSystem.addFirst(Message.system("Be brief."));
    try {
      ChatTemplate template = of(checkpoint);
      try {
        template.render(withSystem);
      } catch (UserError e) {
        template.render(turns);
      }
      return Optional.empty();
    } catch (UserError e) {
      return Optional.of(e.getMessage());
    }
  }

  /** A template with the special tokens that a tokenizer_config.json names. */
  static ChatTemplate of(String source, ObjectNode config) {
    Map<String, Object> named = new HashMap<>();
    for (String name : NAMED) {
      JsonNode token = config.path(name);
      if (token.isTextual() || token.path("content").isTextual()) {
        named.put(name, token.isTextual() ? token.asText() : token.path("content").asText());
      }
    }
    try {
      return new ChatTemplate(Template.of(source), named);
    } catch (TemplateError e) {
      throw told(e);
    }
  }

  /**
   * The prompt for the model's next turn.
   *
   * @throws UserError if the template refuses the conversation, is broken or takes too much
   */
  public String render(List<Message> messages) {
    Map<String, Object> context = new HashMap<>(named);
    List<Object> turns = new ArrayList<>();
    for (Message message : messages) {
      Map<Object, Object> turn = new LinkedHashMap<>();
      turn.put("role", message.role());
      turn.put("content", message.content());
      turns.add(turn);
    }
    context.put("messages", turns);
    context.put("tools", null);
    context.put("documents", null);
    context.put("add_generation_prompt", true);
    try {
      return template.render(context);
    } catch (TemplateError e) {
      throw told(e);
    }
  }

  private static UserError told(TemplateError error) {
    String why = error.getMessage();
    return switch (error.kind()) {
      case RAISED -> new UserError("The model's chat template says: " + why, error);
      case BROKEN -> new UserError("The model's chat template is broken: " + why + ".", error);
      case UNSUPPORTED ->
          new UserError("The model's chat template cannot be used: " + why + ".", error);
      case TOO_MUCH ->
          new UserError(
              "The model's chat template, or the conversation, is too much: " + why + ".", error);
    };
  }
}
