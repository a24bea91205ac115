package phiquant.serve;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.UUID;
import phiquant.run.Reply;

/**
 * The JSON of one answer as OpenAI's API reference gives it, whole or in pieces: of a chat, where
 * pieces are deltas of a message, or of a completion, where they are text.
 *
 * @param chat which of the two
 * @param id the answer's name, the same in all pieces
 * @param created seconds since 1970
 * @param model the model's name
 */
record Shape(boolean chat, String id, long created, String model) {
  static Shape of(boolean chat, String model) {
    String id = UUID.randomUUID().toString().replace("-", "");
    return new Shape(
        chat, (chat ? "chatcmpl-" : "cmpl-") + id, System.currentTimeMillis() / 1000, model);
  }

  /** The whole answer. */
  ObjectNode whole(Reply reply) {
    ObjectNode answer = answer(chat ? "chat.completion" : "text_completion");
    ObjectNode choice = choice(answer, reply.finish());
    if (chat) {
      choice.putObject("message").put("role", "assistant").put("content", reply.text());
    } else {
      choice.put("text", reply.text());
    }
    counts(answer, reply);
    return answer;
  }

  /** A piece of text; the first one of a chat says whose it is. */
  ObjectNode piece(String text, boolean first) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    ObjectNode choice = choice(answer, null);
    if (chat) {
      ObjectNode delta = choice.putObject("delta");
      if (first) {
        delta.put("role", "assistant");
      }
      delta.put("content", text);
    } else {
      choice.put("text", text);
    }
    return answer;
  }

  /** The piece that says why the answer ended. */
  ObjectNode last(Reply reply) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    ObjectNode choice = choice(answer, reply.finish());
    if (chat) {
      choice.putObject("delta");
    } else {
      choice.put("text", "");
    }
    return answer;
  }

  /** The piece with the counts of tokens. */
  ObjectNode counts(Reply reply) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    answer.putArray("choices");
    counts(answer, reply);
    return answer;
  }

  private ObjectNode answer(String object) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("object", object)
        .put("created", created)
        .put("model", model);
  }

  private static ObjectNode choice(ObjectNode answer, Reply.Finish finish) {
    ObjectNode choice = answer.putArray("choices").addObject().put("index", 0);
    choice.putNull("logprobs");
    choice.put("finish_reason", finish == null ? null : finish.name().toLowerCase(Locale.ROOT));
    return choice;
  }

  private static void counts(ObjectNode answer, Reply reply) {
    int answered = reply.tokens().size();
    ObjectNode usage = answer.putObject("usage");
    usage.put("prompt_tokens", reply.promptTokens());
    usage.put("completion_tokens", answered);
    usage.put("total_tokens", reply.promptTokens() + answered);
    usage.putObject("prompt_tokens_details").put("cached_tokens", reply.reusedTokens());
  }
}
