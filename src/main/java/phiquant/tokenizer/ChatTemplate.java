package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.OutputTooBigException;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * Lays a conversation out as the model was trained to see it: the Jinja template that the artifact
 * carries, given what transformers' {@code apply_chat_template} gives it. Templates come from
 * strangers, and what users write is never taken for one.
 */
public final class ChatTemplate {
  private static final List<String> NAMED =
      List.of("bos_token", "eos_token", "unk_token", "pad_token");

  private final Jinjava jinja = TemplateLanguage.create();
  private final String source;
  private final Map<String, Object> named;

  /** Jinjava skips the condition without a word. */
  private static final Pattern FILTERED_LOOP = Pattern.compile("\\{%-?\\s*for\\s[^%]*\\sif\\s");

  private ChatTemplate(String source, Map<String, Object> named) {
    // Jinja leaves out one line break at the end.
    this.source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source;
    this.named = named;
  }

  /**
   * The template of a checkpoint or artifact: {@code chat_template.jinja}, or {@code chat_template}
   * of tokenizer_config.json.
   *
   * @throws UserError if it has none
   */
  public static ChatTemplate of(Checkpoint checkpoint) {
    String where = checkpoint.path() + "/tokenizer_config.json";
    ObjectNode config =
        checkpoint
            .file("tokenizer_config.json")
            .map(bytes -> Json.object(bytes, where))
            .orElseGet(JsonNodeFactory.instance::objectNode);
    String source =
        checkpoint
            .file("chat_template.jinja")
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .or(() -> stated(config.path("chat_template")))
            .orElseThrow(
                () ->
                    new UserError(
                        checkpoint.path() + " has no chat template.",
                        "Give it the text as it is, with --raw."));
    return of(source, config);
  }

  /** A template with the special tokens that a tokenizer_config.json names. */
  static ChatTemplate of(String source, ObjectNode config) {
    if (FILTERED_LOOP.matcher(source).find()) {
      throw new UserError("The model's chat template has 'for … if', which phiquant cannot do.");
    }
    Map<String, Object> named = new HashMap<>();
    for (String name : NAMED) {
      JsonNode token = config.path(name);
      if (token.isTextual() || token.path("content").isTextual()) {
        named.put(name, token.isTextual() ? token.asText() : token.path("content").asText());
      }
    }
    return new ChatTemplate(source, named);
  }

  /** A text, or a list of named ones of which {@code default} counts. */
  private static Optional<String> stated(JsonNode template) {
    if (template.isTextual()) {
      return Optional.of(template.asText());
    }
    for (JsonNode each : template) {
      if (each.path("name").asText().equals("default") && each.path("template").isTextual()) {
        return Optional.of(each.path("template").asText());
      }
    }
    return Optional.empty();
  }

  /**
   * The prompt for the model's next turn.
   *
   * @throws UserError if the template refuses the conversation or is broken
   */
  public String render(List<Message> messages) {
    Map<String, Object> context = new HashMap<>(named);
    List<Object> turns = new ArrayList<>();
    for (Message message : messages) {
      Map<String, Object> turn = new LinkedHashMap<>();
      turn.put("role", message.role());
      turn.put("content", message.content());
      turns.add(turn);
    }
    context.put("messages", turns);
    context.put("tools", null);
    context.put("documents", null);
    context.put("add_generation_prompt", true);
    RenderResult result;
    try {
      result = jinja.renderForResult(source, context);
    } catch (InterpretException e) {
      throw broken(e.getMessage(), e);
    }
    for (TemplateError error : result.getErrors()) {
      throw broken(error.getMessage(), error.getException());
    }
    return result.getOutput();
  }

  private static UserError broken(String why, Exception cause) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof OutputTooBigException) {
        return new UserError("The conversation is too long: it has more than 16 MB.", cause);
      }
      if (e instanceof TemplateLanguage.Refusal) {
        return new UserError("The model's chat template says: " + e.getMessage(), cause);
      }
    }
    return new UserError("The model's chat template cannot be used: " + why, cause);
  }
}
