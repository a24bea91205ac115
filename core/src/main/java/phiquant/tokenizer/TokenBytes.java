package phiquant.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.vocabulary.ByteAlphabet;

/**
 * The bytes that each token adds to a text, which the library does not tell: half a character is a
 * token too. Whoever restricts what a model may write has to know them.
 *
 * @param bytes by id; null for added tokens and for ids without a token
 * @param added the ids of added tokens, by their texts
 * @param stripsSpace whether decoding leaves out a space at the beginning of a text, as
 *     SentencePiece's vocabularies want it
 */
public record TokenBytes(byte[][] bytes, Map<String, Integer> added, boolean stripsSpace) {
  /** What SentencePiece writes for a space. */
  private static final char SPACE = '\u2581';

  /**
   * Those of a checkpoint or artifact.
   *
   * @param tokens how many the model knows
   * @throws UserError if it has no tokenizer.json
   */
  public static TokenBytes of(Checkpoint checkpoint, int tokens) {
    byte[] json =
        checkpoint
            .file("tokenizer.json")
            .orElseThrow(() -> new UserError(checkpoint.path() + " has no tokenizer.json."));
    JsonNode rest = Tokenizer.check(json, checkpoint).rest();
    String decoder = rest.path("decoder").toString();
    boolean byteLevel = decoder.contains("ByteLevel");
    byte[][] bytes = new byte[tokens][];
    vocabulary(json)
        .forEach((text, id) -> bytes[id] = byteLevel ? ByteAlphabet.decode(text) : piece(text));
    Map<String, Integer> added = new HashMap<>();
    for (JsonNode token : rest.path("added_tokens")) {
      int id = token.path("id").asInt();
      bytes[id] = null;
      added.put(token.path("content").asText(), id);
    }
    return new TokenBytes(bytes, Map.copyOf(added), decoder.contains("\"Strip\""));
  }

  /** An added token's id. */
  public OptionalInt id(String text) {
    Integer id = added.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** A token of SentencePiece: {@code <0x0A>} is a byte, all else is text. */
  private static byte[] piece(String text) {
    return text.matches("<0x[0-9A-F]{2}>")
        ? new byte[] {(byte) Integer.parseInt(text.substring(3, 5), 16)}
        : text.replace(SPACE, ' ').getBytes(StandardCharsets.UTF_8);
  }

  /** All has been checked: ids are below the number of tokens, and none is there twice. */
  private static Map<String, Integer> vocabulary(byte[] json) {
    Map<String, Integer> ids = new HashMap<>();
    try (JsonParser parser = Json.parser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean model = parser.currentName().equals("model");
        parser.nextToken();
        if (!model) {
          parser.skipChildren();
          continue;
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          boolean vocabulary = parser.currentName().equals("vocab");
          parser.nextToken();
          if (!vocabulary) {
            parser.skipChildren();
            continue;
          }
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String token = parser.currentName();
            parser.nextToken();
            ids.put(token, parser.getIntValue());
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // There is no file behind it, and it has been read before.
    }
    return ids;
  }
}
