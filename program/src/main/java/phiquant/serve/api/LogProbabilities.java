package phiquant.serve.api;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntFunction;
import phiquant.run.Chances;

/**
 * The chances of tokens in the two forms of OpenAI's API: a list of tokens for chats, lists side by
 * side for completions.
 *
 * @param bytes what a token adds to the text
 */
public record LogProbabilities(IntFunction<byte[]> bytes) {
  /** {@code {"content": [{"token", "logprob", "bytes", "top_logprobs"}]}}. */
  public ObjectNode ofChat(List<Chances> chances) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode content = json.putArray("content");
    for (Chances each : chances) {
      ObjectNode token = content.addObject();
      put(each.chosen(), token);
      ArrayNode top = token.putArray("top_logprobs");
      each.likeliest().forEach(chance -> put(chance, top.addObject()));
    }
    json.putNull("refusal");
    return json;
  }

  private void put(Chances.Chance chance, ObjectNode json) {
    json.put("token", text(chance.token())).put("logprob", chance.logarithm());
    ArrayNode values = json.putArray("bytes");
    for (byte b : bytes.apply(chance.token())) {
      values.add(b & 0xFF);
    }
  }

  /**
   * {@code {"tokens", "token_logprobs", "top_logprobs", "text_offset"}}.
   *
   * @param offset where in the answer's text the first token begins
   */
  public ObjectNode ofCompletion(List<Chances> chances, int offset) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode tokens = json.putArray("tokens");
    ArrayNode logarithms = json.putArray("token_logprobs");
    ArrayNode top = json.putArray("top_logprobs");
    ArrayNode offsets = json.putArray("text_offset");
    int at = offset;
    for (Chances each : chances) {
      String text = text(each.chosen().token());
      tokens.add(text);
      logarithms.add(each.chosen().logarithm());
      ObjectNode likeliest = top.addObject();
      each.likeliest().forEach(chance -> likeliest.put(text(chance.token()), chance.logarithm()));
      offsets.add(at);
      at += text.length();
    }
    return json;
  }

  /** Half a character alone is U+FFFD. */
  private String text(int token) {
    return new String(bytes.apply(token), StandardCharsets.UTF_8);
  }
}
