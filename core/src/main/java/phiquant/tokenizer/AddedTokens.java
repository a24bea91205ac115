package phiquant.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * The tokens that were added to a vocabulary, by id. transformers 4 lists them in
 * tokenizer_config.json too; 5 no longer does, and tokenizer.json has them always.
 */
public final class AddedTokens {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private AddedTokens() {}

  /** Their texts; empty if nothing states any. */
  public static Map<Integer, String> of(Checkpoint checkpoint) {
    Map<Integer, String> texts = new TreeMap<>();
    String config = "tokenizer_config.json";
    checkpoint
        .file(config)
        .map(bytes -> Json.object(bytes, checkpoint.path() + "/" + config))
        .ifPresent(
            json ->
                json.path("added_tokens_decoder")
                    .properties()
                    .forEach(token -> put(texts, token.getKey(), token.getValue())));
    if (texts.isEmpty()) {
      String file = "tokenizer.json";
      checkpoint.file(file).ifPresent(bytes -> read(bytes, checkpoint.path() + "/" + file, texts));
    }
    return texts;
  }

  private static void put(Map<Integer, String> texts, String id, JsonNode token) {
    if (id.matches("\\d{1,9}") && token.path("content").isTextual()) {
      texts.put(Integer.valueOf(id), token.path("content").asText());
    }
  }

  /** They come before the vocabulary, which is not read for them. */
  private static void read(byte[] bytes, String where, Map<Integer, String> texts) {
    try (JsonParser parser = Json.parser(bytes)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean found = parser.currentName().equals("added_tokens");
        parser.nextToken();
        if (found) {
          JsonNode tokens = MAPPER.readTree(parser);
          tokens.forEach(token -> put(texts, token.path("id").asText(), token));
          return;
        }
        parser.skipChildren();
      }
    } catch (JsonProcessingException e) {
      throw Json.invalid(e, where);
    } catch (IOException e) {
      throw new UserError(where + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
