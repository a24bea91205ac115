package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A token that is found in the text before anything else happens to it.
 *
 * @param special whether decoding leaves it out
 * @param left whether it takes the white space before it along
 * @param right whether it takes the white space after it along
 * @param normalized whether it is looked for in the normalized text
 */
record AddedToken(
    int id, String content, boolean special, boolean left, boolean right, boolean normalized) {

  /** Those of a tokenizer.json. */
  static List<AddedToken> of(JsonNode tokenizer) {
    List<AddedToken> tokens = new ArrayList<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      String content = token.path("content").asText();
      if (token.path("single_word").asBoolean()) {
        throw new Inexpressible("the token '" + content + "', which must be a word of its own");
      }
      if (!token.path("id").canConvertToInt() || content.isEmpty()) {
        throw new Inexpressible("an added token without id or content");
      }
      tokens.add(
          new AddedToken(
              token.path("id").asInt(),
              content,
              token.path("special").asBoolean(),
              token.path("lstrip").asBoolean(),
              token.path("rstrip").asBoolean(),
              token.path("normalized").asBoolean()));
    }
    return tokens;
  }

  /** A pattern whose groups match the tokens, the longest where several begin. */
  static String pattern(List<AddedToken> tokens) {
    List<AddedToken> longestFirst = new ArrayList<>(tokens);
    longestFirst.sort((a, b) -> Integer.compare(b.content().length(), a.content().length()));
    StringBuilder pattern = new StringBuilder();
    AddedToken before = null;
    for (AddedToken token : longestFirst) {
      boolean together =
          before != null && before.left() == token.left() && before.right() == token.right();
      if (together) {
        pattern.append('|');
      } else {
        pattern.append(before == null ? "" : close(before) + "|").append(open(token));
      }
      pattern.append(Regex.quote(token.content()));
      before = token;
    }
    return pattern + close(before);
  }

  /** White space before a token is only looked at from its beginning, or long runs take forever. */
  private static String open(AddedToken token) {
    String space = Regex.SPACE;
    return (token.left() ? "(?:(?<!" + space + ")" + space + "++)?" : "") + "(";
  }

  private static String close(AddedToken token) {
    return ")" + (token.right() ? Regex.SPACE + "*+" : "");
  }
}
