package phiquant.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.run.Generation;
import phiquant.run.Session;
import phiquant.run.grammar.Grammar;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;

/**
 * Reads what clients ask for.
 *
 * @param session whose tokens prompts become
 * @param model its name
 * @param strictModel whether no other name is taken
 * @param defaults how tokens are chosen where a request does not say
 * @param grammars those of requests before
 */
public record Asker(
    Session session, String model, boolean strictModel, Sampling defaults, Grammars grammars) {
  /** What OpenAI's completions give if {@code max_tokens} is silent. */
  private static final int COMPLETION_TOKENS = 16;

  /** Reads a request to {@code /v1/chat/completions}. */
  public Question chat(ObjectNode json) {
    Fields fields = new Fields(json).supported();
    List<Message> conversation = Conversation.of(fields);
    Tools tools = Tools.of(fields);
    int limit =
        Math.min(
            limit(fields, "max_completion_tokens", Integer.MAX_VALUE),
            limit(fields, "max_tokens", Integer.MAX_VALUE));
    int[] prompt;
    Optional<Generation.Marks> marks;
    try {
      prompt = session.prompt(conversation, tools.offered());
      marks = tools.isEmpty() ? Optional.empty() : session.marks();
    } catch (UserError e) {
      String message = e.getMessage() + (e.hint() == null ? "" : " " + e.hint());
      throw ApiError.wrong(tools.isEmpty() ? "messages" : "tools", message);
    }
    Optional<Grammar> grammar = grammars.of(fields, tools, marks);
    return question(fields, prompt, asked(fields, limit, grammar, marks, fields.chances(true)));
  }

  /** Reads a request to {@code /v1/completions}: a text, or a list of tokens. */
  public Question completion(ObjectNode json) {
    Fields fields = new Fields(json).supported();
    if (fields.given("tools") != null) {
      throw ApiError.wrong("tools", "Completions have no tools; chats have.");
    }
    JsonNode prompt = fields.given("prompt");
    if (prompt != null && prompt.isArray() && prompt.size() == 1 && !prompt.get(0).isNumber()) {
      prompt = prompt.get(0);
    }
    Optional<Grammar> grammar = grammars.of(fields, Tools.of(fields), Optional.empty());
    Generation asked =
        asked(
            fields,
            limit(fields, "max_tokens", COMPLETION_TOKENS),
            grammar,
            Optional.empty(),
            fields.chances(false));
    int[] tokens;
    if (prompt != null && prompt.isTextual()) {
      tokens = session.prompt(prompt.asText());
    } else if (prompt != null && prompt.isArray() && !prompt.isEmpty()) {
      tokens = tokens(prompt);
    } else {
      throw ApiError.wrong("prompt", "prompt must be one string, or a list of tokens.");
    }
    return question(fields, tokens, asked);
  }

  private Question question(Fields fields, int[] prompt, Generation asked) {
    String named = fields.text("model");
    if (strictModel && named != null && !named.isEmpty() && !named.equals(model)) {
      throw ApiError.refused(
          404,
          "model_not_found",
          "There is no model '" + named + "' here; this is '" + model + "'.");
    }
    if (prompt.length == 0) {
      throw ApiError.wrong("prompt", "The prompt is empty.");
    }
    if (prompt.length >= session.context()) {
      throw ApiError.tooLong(
          "The prompt has %d tokens; prompt and answer may have %d together."
              .formatted(prompt.length, session.context()));
    }
    JsonNode options = fields.json().path("stream_options");
    return new Question(
        prompt,
        asked,
        fields.alternatives(),
        fields.flag("stream"),
        options.path("include_usage").asBoolean(false));
  }

  private int[] tokens(JsonNode prompt) {
    int[] tokens = new int[prompt.size()];
    for (int i = 0; i < tokens.length; i++) {
      JsonNode token = prompt.get(i);
      boolean known = token.isInt() && token.asInt() >= 0 && token.asInt() < session.vocabulary();
      if (!known) {
        throw ApiError.wrong(
            "prompt", "prompt must be one string, or a list of this model's tokens.");
      }
      tokens[i] = token.asInt();
    }
    return tokens;
  }

  /** -1 is what LM Studio's clients send for no limit. */
  private int limit(Fields fields, String name, int fallback) {
    long limit = fields.integer(name, fallback);
    if (limit == -1) {
      return Integer.MAX_VALUE;
    }
    if (limit < 1 || (fields.given(name) != null && limit > session.context())) {
      throw ApiError.wrong(
          name, "%s must be from 1 to %d, the context, or -1.".formatted(name, session.context()));
    }
    return (int) limit;
  }

  private Generation asked(
      Fields fields,
      int limit,
      Optional<Grammar> grammar,
      Optional<Generation.Marks> marks,
      int chances) {
    try {
      Sampling sampling =
          new Sampling(
              fields.number("temperature", defaults.temperature()),
              Math.clamp(fields.integer("top_k", defaults.topK()), -1, Integer.MAX_VALUE),
              fields.number("top_p", defaults.topP()),
              fields.number("min_p", defaults.minP()),
              fields.number("repeat_penalty", defaults.repeatPenalty()),
              fields.integer("seed", defaults.seed()));
      return new Generation(limit, sampling, fields.stops(), grammar, marks, chances);
    } catch (UserError e) {
      throw ApiError.wrong(null, e.getMessage());
    }
  }
}
