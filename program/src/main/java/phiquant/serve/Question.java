package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.run.Generation;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;

/**
 * What a client asks for: a prompt as tokens, and how to continue it.
 *
 * @param prompt the tokens
 * @param asked how many tokens, how they are chosen, what ends the answer
 * @param stream whether the answer comes piece by piece
 * @param countsAtEnd whether a stream ends with the counts of tokens
 */
record Question(int[] prompt, Generation asked, boolean stream, boolean countsAtEnd) {
  /** What OpenAI's completions give if {@code max_tokens} is silent. */
  private static final int COMPLETION_TOKENS = 16;

  /** Reads a request to {@code /v1/chat/completions}. */
  static Question chat(ObjectNode json, Session session, String model, Sampling defaults) {
    Fields fields = new Fields(json).supported();
    JsonNode messages = fields.given("messages");
    if (messages == null || !messages.isArray() || messages.isEmpty()) {
      throw ApiError.wrong("messages", "messages must be a list with at least one message.");
    }
    List<Message> conversation = new ArrayList<>();
    for (JsonNode message : messages) {
      conversation.add(message(message));
    }
    int limit = limit(fields, session, "max_completion_tokens", Integer.MAX_VALUE);
    limit = Math.min(limit, limit(fields, session, "max_tokens", Integer.MAX_VALUE));
    Generation asked = asked(fields, limit, defaults);
    return of(fields, model, prompt(session, conversation), asked, session);
  }

  /** Reads a request to {@code /v1/completions}: a text, or a list of tokens. */
  static Question completion(ObjectNode json, Session session, String model, Sampling defaults) {
    Fields fields = new Fields(json).supported();
    JsonNode prompt = fields.given("prompt");
    if (prompt != null && prompt.isArray() && prompt.size() == 1 && !prompt.get(0).isNumber()) {
      prompt = prompt.get(0);
    }
    Generation asked =
        asked(fields, limit(fields, session, "max_tokens", COMPLETION_TOKENS), defaults);
    int[] tokens;
    if (prompt != null && prompt.isTextual()) {
      tokens = session.prompt(prompt.asText());
    } else if (prompt != null && prompt.isArray() && !prompt.isEmpty()) {
      tokens = tokens(prompt, session);
    } else {
      throw ApiError.wrong("prompt", "prompt must be one string, or a list of tokens.");
    }
    return of(fields, model, tokens, asked, session);
  }

  private static Question of(
      Fields fields, String model, int[] prompt, Generation asked, Session session) {
    String named = fields.text("model");
    if (named != null && !named.isEmpty() && !named.equals(model)) {
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
        prompt, asked, fields.flag("stream"), options.path("include_usage").asBoolean(false));
  }

  private static Message message(JsonNode message) {
    String role = message.path("role").asText();
    if (!role.matches("system|developer|user|assistant")) {
      throw ApiError.wrong(
          "messages", "A message's role must be system, developer, user or assistant.");
    }
    return new Message(
        role.equals("developer") ? "system" : role, content(message.path("content")));
  }

  /** A string, or a list of parts that are all text. */
  private static String content(JsonNode content) {
    if (content.isTextual()) {
      return content.asText();
    }
    if (!content.isArray()) {
      throw ApiError.wrong("messages", "A message's content must be a string or a list of parts.");
    }
    StringBuilder text = new StringBuilder();
    for (JsonNode part : content) {
      if (!part.path("type").asText().equals("text") || !part.path("text").isTextual()) {
        throw ApiError.wrong("messages", "Parts of a message must be text.");
      }
      text.append(part.path("text").asText());
    }
    return text.toString();
  }

  private static int[] prompt(Session session, List<Message> conversation) {
    try {
      return session.prompt(conversation);
    } catch (UserError e) {
      throw ApiError.wrong("messages", e.getMessage() + (e.hint() == null ? "" : " " + e.hint()));
    }
  }

  private static int[] tokens(JsonNode prompt, Session session) {
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

  private static int limit(Fields fields, Session session, String name, int fallback) {
    long limit = fields.integer(name, fallback);
    if (limit < 1 || (fields.given(name) != null && limit > session.context())) {
      throw ApiError.wrong(
          name, "%s must be from 1 to %d, the context.".formatted(name, session.context()));
    }
    return (int) limit;
  }

  private static Generation asked(Fields fields, int limit, Sampling defaults) {
    try {
      Sampling sampling =
          new Sampling(
              fields.number("temperature", defaults.temperature()),
              Math.clamp(fields.integer("top_k", defaults.topK()), -1, Integer.MAX_VALUE),
              fields.number("top_p", defaults.topP()),
              fields.number("min_p", defaults.minP()),
              fields.number("repeat_penalty", defaults.repeatPenalty()),
              fields.integer("seed", defaults.seed()));
      return new Generation(limit, sampling, fields.stops());
    } catch (UserError e) {
      throw ApiError.wrong(null, e.getMessage());
    }
  }
}
