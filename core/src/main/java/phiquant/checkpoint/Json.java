package phiquant.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalLong;
import phiquant.UserError;

/**
 * Reads JSON from files that nobody vouches for: nesting and the length of numbers and names are
 * bounded, a name that stands twice is an error, and so is anything after the end.
 */
public final class Json {
  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(64)
                          .maxNumberLength(100)
                          .maxNameLength(10_000)
                          .maxStringLength(20_000_000)
                          // A tokenizer of 200,000 tokens has two million.
                          .maxTokenCount(4_000_000)
                          .build())
                  // A vocabulary's names are there once: to look each up in a table is lost time.
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};

  private Json() {}

  /**
   * A parser with the same bounds, for what is too large to keep.
   *
   * @throws CharacterCodingException if it is not UTF-8
   */
  public static JsonParser parser(byte[] bytes) throws IOException {
    return MAPPER.createParser(text(bytes));
  }

  /** What is wrong with a text that such a parser does not read. */
  public static UserError invalid(JsonProcessingException e, String where) {
    JsonLocation at = e.getLocation();
    String place = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    return new UserError(
        where + " is not valid JSON" + place + ": " + firstLine(e.getOriginalMessage()) + ".", e);
  }

  /**
   * Parses an object.
   *
   * @param where the file's name for error messages
   * @throws UserError saying where the text stops being JSON
   */
  public static ObjectNode object(byte[] bytes, String where) {
    JsonNode node;
    try {
      node = MAPPER.readTree(text(bytes));
    } catch (CharacterCodingException e) {
      throw new UserError(where + " is not UTF-8; the file is damaged.", e);
    } catch (JsonProcessingException e) {
      throw invalid(e, where);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // There is no file behind it.
    }
    if (!(node instanceof ObjectNode)) {
      throw new UserError(where + " does not hold a JSON object.");
    }
    return (ObjectNode) node;
  }

  /** Jackson looks at bytes less closely: it takes names that are not UTF-8, and guesses UTF-16. */
  private static Reader text(byte[] bytes) {
    int mark = bytes.length >= 3 && Arrays.equals(bytes, 0, 3, BYTE_ORDER_MARK, 0, 3) ? 3 : 0;
    return new InputStreamReader(
        new ByteArrayInputStream(bytes, mark, bytes.length - mark),
        StandardCharsets.UTF_8.newDecoder());
  }

  private static String firstLine(String text) {
    String line =
        text.lines()
            .findFirst()
            .orElse("")
            // What only says something to who writes Java.
            .replaceAll(" (\\(start marker at |for `ObjectNode`: not allowed).*", "")
            .replaceAll("(, from|: enable) `.*?`( to allow)?", "");
    return line.length() <= 160 ? line : line.substring(0, 160) + "…";
  }

  /** A number that is written as a whole one and fits 64 bits; 1.0 and 1.5 are none. */
  public static OptionalLong whole(JsonNode number) {
    return number.isIntegralNumber() && number.canConvertToLong()
        ? OptionalLong.of(number.asLong())
        : OptionalLong.empty();
  }
}
