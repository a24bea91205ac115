package phiquant.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.HashMap;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.Json;

/**
 * A tokenizer.json whose sizes and ids have been checked. Hugging Face's library ends the process
 * over some files, and takes others whose tokens no model knows; so every file is read here first,
 * in the same way by those who run a model and those who write one.
 *
 * @param rest all of it but the vocabulary and the merges
 */
public record TokenizerJson(ObjectNode rest) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Released ones have 16 MB, 200,064 tokens, 61,249 merges and 96 added tokens. */
  static final int MAX_BYTES = 64 << 20;

  static final int MAX_TOKENS = 1 << 20;
  static final int MAX_MERGES = 1 << 22;
  static final int MAX_ADDED = 1 << 14;
  static final int MAX_TOKEN_LENGTH = 1 << 12;

  /**
   * Reads and checks one.
   *
   * @param tokens how many the model knows
   * @throws UserError saying what is wrong with it
   */
  public static TokenizerJson of(byte[] bytes, long tokens, String where) {
    Reading reading = new Reading(where, tokens);
    if (bytes.length > MAX_BYTES) {
      throw reading.wrong("has more than " + (MAX_BYTES >> 20) + " MB");
    }
    try (JsonParser parser = Json.parser(bytes)) {
      reading.file(parser);
    } catch (CharacterCodingException e) {
      throw reading.wrong("is not UTF-8");
    } catch (JsonProcessingException e) {
      throw Json.invalid(e, where);
    } catch (IOException e) {
      throw new UserError(where + " cannot be read: " + e.getMessage() + ".", e);
    }
    reading.check();
    new TokenizerSteps(where, tokens).check(reading.rest);
    return new TokenizerJson(reading.rest);
  }

  private static final class Reading {
    final ObjectNode rest = JsonNodeFactory.instance.objectNode();
    private final String where;
    private final long tokens;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> names = new HashMap<>();

    Reading(String where, long tokens) {
      this.where = where;
      this.tokens = tokens;
    }

    UserError wrong(String what) {
      return new UserError(where + " " + what + ".", "Take the original model's tokenizer.json.");
    }

    void file(JsonParser parser) throws IOException {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new UserError(where + " does not hold a JSON object.");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (rest.has(name)) {
          throw wrong("has '" + name + "' twice");
        }
        if (name.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
          rest.set(name, model(parser));
        } else {
          rest.set(name, MAPPER.readTree(parser));
        }
      }
      if (parser.nextToken() != null) {
        throw wrong("goes on after its end");
      }
    }

    private ObjectNode model(JsonParser parser) throws IOException {
      ObjectNode model = JsonNodeFactory.instance.objectNode();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (model.has(name)) {
          throw wrong("has the model's '" + name + "' twice");
        }
        if (name.equals("vocab") && value == JsonToken.START_OBJECT) {
          vocabulary(parser);
          model.put(name, ids.size());
        } else if (name.equals("merges") && value == JsonToken.START_ARRAY) {
          model.put(name, merges(parser));
        } else {
          model.set(name, MAPPER.readTree(parser));
        }
      }
      return model;
    }

    private void vocabulary(JsonParser parser) throws IOException {
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String token = parser.currentName();
        if (parser.nextToken() != JsonToken.VALUE_NUMBER_INT) {
          throw wrong("gives the token '" + shown(token) + "' no whole number");
        }
        if (ids.size() >= MAX_TOKENS) {
          throw wrong("has more than " + MAX_TOKENS + " tokens");
        }
        put(token, parser.getLongValue());
      }
    }

    private void put(String token, long id) {
      if (token.length() > MAX_TOKEN_LENGTH) {
        throw wrong("has a token of more than " + MAX_TOKEN_LENGTH + " characters");
      }
      if (id < 0 || id >= tokens) {
        throw new UserError(
            "%s gives the token '%s' the id %d, but the model has %d tokens: they do not belong together."
                .formatted(where, shown(token), id, tokens));
      }
      String other = names.putIfAbsent((int) id, token);
      if (other != null && !other.equals(token)) {
        throw wrong(
            "gives the id %d to '%s' and to '%s'".formatted(id, shown(other), shown(token)));
      }
      Integer known = ids.putIfAbsent(token, (int) id);
      if (known != null && known != id) {
        throw wrong("gives the token '%s' the ids %d and %d".formatted(shown(token), known, id));
      }
    }

    private int merges(JsonParser parser) throws IOException {
      int count = 0;
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        if (parser.currentToken() == null || ++count > MAX_MERGES) {
          throw wrong("has more than " + MAX_MERGES + " merges");
        }
        parser.skipChildren();
      }
      return count;
    }

    void check() {
      JsonNode added = rest.path("added_tokens");
      if (added.size() > MAX_ADDED) {
        throw wrong("has more than " + MAX_ADDED + " added tokens");
      }
      for (JsonNode token : added) {
        JsonNode id = token.path("id");
        String content = token.path("content").asText();
        if (!id.isIntegralNumber() || !token.path("content").isTextual() || content.isEmpty()) {
          throw wrong("has an added token without id or content");
        }
        put(content, id.isIntegralNumber() && id.canConvertToInt() ? id.asInt() : -1);
      }
      JsonNode unknown = rest.path("model").path("unk_token");
      if (unknown.isTextual() && !ids.containsKey(unknown.asText())) {
        throw wrong("has no token '" + shown(unknown.asText()) + "', its unk_token");
      }
    }

    private static String shown(String token) {
      String plain = token.replaceAll("\\p{Cntrl}", "?");
      return plain.length() <= 40 ? plain : plain.substring(0, 40) + "…";
    }
  }
}
