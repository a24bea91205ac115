package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.vocabulary.ChatTemplates;
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
  private final Optional<ToolFormat> tools;

  private ChatTemplate(Template template, Map<String, Object> named, Optional<ToolFormat> tools) {
    this.template = template;
    this.named = named;
    this.tools = tools;
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
                            + " completions; or a template with --chat-template FILE."));
    return of(source, config, ToolFormat.of(source, checkpoint));
  }

  /** How the model takes tools; empty if it does not. */
  public Optional<ToolFormat> tools() {
    return tools;
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
    return of(source, config, Optional.empty());
  }

  private static ChatTemplate of(String source, ObjectNode config, Optional<ToolFormat> tools) {
    Map<String, Object> named = new HashMap<>();
    for (String name : NAMED) {
      JsonNode token = config.path(name);
      if (token.isTextual() || token.path("content").isTextual()) {
        named.put(name, token.isTextual() ? token.asText() : token.path("content").asText());
      }
    }
    try {
      return new ChatTemplate(Template.of(source), named, tools);
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
    return render(messages, List.of());
  }

  /**
   * The same, with tools that the model may call.
   *
   * @param offered each with {@code name}, and maybe {@code description} and {@code parameters}
   * @throws UserError also if there are tools, and the model does not take any
   */
  public String render(List<Message> messages, List<JsonNode> offered) {
    Map<String, Object> context = new HashMap<>(named);
    context.put("messages", turns(messages, offered));
    context.put("tools", null);
    context.put("documents", null);
    context.put("add_generation_prompt", true);
    try {
      return template.render(context);
    } catch (TemplateError e) {
      throw told(e);
    }
  }

  private List<Map<Object, Object>> turns(List<Message> messages, List<JsonNode> offered) {
    if (tools.isPresent()) {
      return tools.get().turns(messages, offered);
    }
    if (!offered.isEmpty() || messages.stream().anyMatch(ChatTemplate::isOfTools)) {
      throw new UserError("The model's chat template has no place for tools.");
    }
    return messages.stream()
        .map(message -> ToolFormat.turn(message.role(), message.content()))
        .toList();
  }

  private static boolean isOfTools(Message message) {
    return message.role().equals("tool") || !message.calls().isEmpty();
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
