package phiquant.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import phiquant.run.Chances;
import phiquant.run.Increment;
import phiquant.run.Reply;

/**
 * The JSON of one request's answers as OpenAI's API reference gives it, whole or in pieces: of a
 * chat, where pieces are deltas of a message, or of a completion, where they are text.
 *
 * @param chat which of the two
 * @param id the answer's name, the same in all pieces
 * @param created seconds since 1970
 * @param model the model's name
 * @param chances the form of tokens' chances; null if nobody asked for them
 */
public record Shape(boolean chat, String id, long created, String model, LogProbabilities chances) {
  public static Shape of(boolean chat, String model, LogProbabilities chances) {
    String id = UUID.randomUUID().toString().replace("-", "");
    return new Shape(
        chat,
        (chat ? "chatcmpl-" : "cmpl-") + id,
        System.currentTimeMillis() / 1000,
        model,
        chances);
  }

  /** All answers, whole. */
  public ObjectNode whole(List<Alternative> alternatives, List<Reply> replies) {
    ObjectNode answer = answer(chat ? "chat.completion" : "text_completion");
    ArrayNode choices = answer.putArray("choices");
    for (int i = 0; i < replies.size(); i++) {
      Alternative alternative = alternatives.get(i);
      Reply reply = replies.get(i);
      ObjectNode choice = choice(choices, i, finish(alternative, reply));
      chances(choice, alternative.chances(), 0);
      if (chat) {
        message(choice.putObject("message"), alternative, reply);
      } else {
        choice.put("text", reply.text());
      }
    }
    counts(answer, replies);
    return answer;
  }

  /** A message that is nothing but calls has no content. */
  private static void message(ObjectNode message, Alternative alternative, Reply reply) {
    boolean calls = !alternative.calls().isEmpty();
    message.put("role", "assistant");
    message.put("content", calls && reply.text().isBlank() ? null : reply.text());
    if (calls) {
      ArrayNode list = message.putArray("tool_calls");
      for (Alternative.Call call : alternative.calls()) {
        ObjectNode json = list.addObject().put("id", call.id()).put("type", "function");
        json.putObject("function")
            .put("name", call.name())
            .put("arguments", call.arguments().toString());
      }
    }
  }

  /**
   * A piece of an answer; the first one of a chat says whose it is.
   *
   * @param offset characters of the answer before it
   */
  public ObjectNode piece(
      int index,
      Increment piece,
      List<CallReader.Delta> calls,
      Alternative alternative,
      int offset) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    ObjectNode choice = choice(answer.putArray("choices"), index, null);
    chances(choice, piece.chances(), offset);
    boolean first = alternative.begins();
    if (!chat) {
      choice.put("text", piece.text());
      return answer;
    }
    ObjectNode delta = choice.putObject("delta");
    if (first) {
      delta.put("role", "assistant");
    }
    if (calls.isEmpty() || !piece.text().isEmpty()) {
      delta.put("content", piece.text());
    }
    for (CallReader.Delta call : calls) {
      ObjectNode json = delta.withArrayProperty("tool_calls").addObject();
      json.put("index", call.index());
      ObjectNode function = JsonNodeFactory.instance.objectNode();
      if (call.name() != null) {
        json.put("id", alternative.calls().get(call.index()).id()).put("type", "function");
        function.put("name", call.name());
      }
      json.set("function", function.put("arguments", call.arguments()));
    }
    return answer;
  }

  /** The piece that says why an answer ended. */
  public ObjectNode last(int index, Alternative alternative, Reply reply) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    ObjectNode choice = choice(answer.putArray("choices"), index, finish(alternative, reply));
    choice.putNull("logprobs");
    if (chat) {
      choice.putObject("delta");
    } else {
      choice.put("text", "");
    }
    return answer;
  }

  /** The piece with the counts of tokens. */
  public ObjectNode counts(List<Reply> replies) {
    ObjectNode answer = answer(chat ? "chat.completion.chunk" : "text_completion");
    answer.putArray("choices");
    counts(answer, replies);
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

  private static ObjectNode choice(ArrayNode choices, int index, String finish) {
    return choices.addObject().put("index", index).put("finish_reason", finish);
  }

  private void chances(ObjectNode choice, List<Chances> tokens, int offset) {
    if (chances == null || tokens.isEmpty()) {
      choice.putNull("logprobs");
    } else {
      choice.set("logprobs", chat ? chances.ofChat(tokens) : chances.ofCompletion(tokens, offset));
    }
  }

  /** Calls that were cut are no calls to make. */
  private static String finish(Alternative alternative, Reply reply) {
    boolean calls = reply.finish() == Reply.Finish.STOP && !alternative.calls().isEmpty();
    return calls ? "tool_calls" : reply.finish().name().toLowerCase(Locale.ROOT);
  }

  /** The prompt is there once; what of it was not computed again counts for the first answer. */
  private static void counts(ObjectNode answer, List<Reply> replies) {
    int prompt = replies.getFirst().promptTokens();
    int answered = replies.stream().mapToInt(reply -> reply.tokens().size()).sum();
    ObjectNode usage = answer.putObject("usage");
    usage.put("prompt_tokens", prompt);
    usage.put("completion_tokens", answered);
    usage.put("total_tokens", prompt + answered);
    usage
        .putObject("prompt_tokens_details")
        .put("cached_tokens", replies.getFirst().reusedTokens());
  }
}
