package phiquant.engine.openvino.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.checkpoint.vocabulary.ByteAlphabet;

/**
 * The vocabulary and the merges of byte pair encoding (Sennrich et al. 2016, arXiv:1508.07909) as
 * bytes: of a byte-level vocabulary the bytes that its letters stand for, otherwise UTF-8.
 *
 * @param tokens in the order of their ids, as tokenizer.json writes them; null where an id is
 *     unused
 * @param added the tokens among them that are cut out of the text beforehand
 * @param merges pairs, the most frequent first
 */
record BytePairs(
    String[] tokens, List<AddedToken> added, List<String[]> merges, Settings settings) {
  /** Beyond this no vocabulary goes; an id that is larger is a mistake. */
  private static final String HEX = "0123456789ABCDEF";

  private static final int LARGEST_ID = 10_000_000;

  /**
   * How merging goes.
   *
   * @param byteLevel whether bytes are merged, not characters
   * @param byteFallback whether a character that is no token becomes tokens of its bytes
   * @param unknown the token for what is no token; empty if there is none
   * @param fuseUnknown whether several unknown characters are one token
   */
  record Settings(boolean byteLevel, boolean byteFallback, String unknown, boolean fuseUnknown) {}

  /** Those of a tokenizer.json. */
  static BytePairs of(JsonNode tokenizer, List<AddedToken> added) {
    JsonNode model = tokenizer.path("model");
    if (!model.path("type").asText("BPE").equals("BPE")) {
      throw new Inexpressible("a model " + model.path("type").asText() + ", not BPE");
    }
    for (String key : List.of("dropout", "ignore_merges")) {
      if (model.path(key).asDouble() != 0 || model.path(key).asBoolean()) {
        throw new Inexpressible("a BPE model with '" + key + "'");
      }
    }
    for (String key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.path(key).asText("").isEmpty() && !model.path(key).isNull()) {
        throw new Inexpressible("a BPE model with a " + key);
      }
    }
    Settings settings =
        new Settings(
            PreTokenizer.isByteLevel(tokenizer.path("pre_tokenizer")),
            model.path("byte_fallback").asBoolean(),
            model.path("unk_token").isTextual() ? model.path("unk_token").asText() : "",
            model.path("fuse_unk").asBoolean());
    String[] tokens = tokens(model.path("vocab"), added);
    if (tokens.length == 0) {
      throw new Inexpressible("an empty vocabulary");
    }
    if (settings.byteFallback()) {
      long bytes = Arrays.stream(tokens).filter(t -> t != null && byteToken(t) >= 0).count();
      if (settings.byteLevel() || bytes != 256) {
        throw new Inexpressible("byte fallback with " + bytes + " of 256 bytes");
      }
    }
    return new BytePairs(tokens, added, merges(model), settings);
  }

  private static String[] tokens(JsonNode vocabulary, List<AddedToken> added) {
    List<String> tokens = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
      put(tokens, entry.getValue().asInt(-1), entry.getKey());
    }
    added.forEach(token -> put(tokens, token.id(), token.content()));
    return tokens.toArray(String[]::new);
  }

  private static void put(List<String> tokens, int id, String token) {
    if (id < 0 || id > LARGEST_ID) {
      throw new Inexpressible("the id " + id + " for a token");
    }
    while (tokens.size() <= id) {
      tokens.add(null);
    }
    tokens.set(id, token);
  }

  /** Merges are pairs, or texts with a space between the two. */
  private static List<String[]> merges(JsonNode model) {
    List<String[]> merges = new ArrayList<>();
    for (JsonNode merge : model.path("merges")) {
      String[] pair =
          merge.isArray()
              ? new String[] {merge.path(0).asText(), merge.path(1).asText()}
              : merge.asText().split(" ", 2);
      if (pair.length != 2) {
        throw new Inexpressible("a merge of one part, '" + merge.asText() + "'");
      }
      merges.add(pair);
    }
    return merges;
  }

  /**
   * What the encoding operator looks up, by id. It begins with the longest tokens that no merge
   * makes. So a token that only a merge could make, and none does, must not be there; in its place
   * stands what no text holds, for 0xFF begins no character. And byte fallback is a matter of the
   * vocabulary alone: a token for a byte is there as that byte, which is found where no longer
   * token is; the operator's own fallback takes the text {@code <0x0A>} for a line break.
   */
  List<byte[]> encoderTokens() {
    Set<String> reachable = new HashSet<>();
    merges.forEach(merge -> reachable.add(merge[0] + merge[1]));
    added.forEach(token -> reachable.add(token.content()));
    if (!settings.unknown().isEmpty()) {
      reachable.add(settings.unknown());
    }
    Set<String> cutOut = new HashSet<>();
    added.forEach(token -> cutOut.add(token.content()));
    Set<String> all = new HashSet<>(Arrays.asList(tokens));
    List<byte[]> bytes = new ArrayList<>();
    for (int id = 0; id < tokens.length; id++) {
      String token = tokens[id];
      byte[] text = new byte[0];
      if (token != null && settings.byteFallback() && byteToken(token) >= 0) {
        byte b = (byte) byteToken(token);
        text = b >= 0 && all.contains(String.valueOf((char) b)) ? text : new byte[] {b};
      } else if (token != null
          && (reachable.contains(token) || token.codePointCount(0, token.length()) == 1)) {
        text = bytes(token, cutOut.contains(token));
      }
      bytes.add(text.length > 0 ? text : unreachable(id));
    }
    return bytes;
  }

  private static byte[] unreachable(int id) {
    byte[] digits = Integer.toString(id).getBytes(UTF_8);
    byte[] bytes = new byte[digits.length + 1];
    bytes[0] = (byte) 0xFF;
    System.arraycopy(digits, 0, bytes, 1, digits.length);
    return bytes;
  }

  private byte[] bytes(String token, boolean isAdded) {
    return settings.byteLevel() && !isAdded
        ? ByteAlphabet.bytes(token).orElse(new byte[0])
        : token.getBytes(UTF_8);
  }

  /** The left or the right parts of the merges. */
  List<byte[]> mergeParts(int side) {
    Set<String> known = new HashSet<>(Arrays.asList(tokens));
    List<byte[]> parts = new ArrayList<>();
    for (String[] merge : merges) {
      if (!known.contains(merge[side]) || !known.contains(merge[0] + merge[1])) {
        throw new Inexpressible("a merge of '" + merge[0] + "' and '" + merge[1] + "', no tokens");
      }
      parts.add(bytes(merge[side], false));
    }
    return parts;
  }

  /** The byte that a token such as {@code <0x0A>} stands for, or -1. */
  static int byteToken(String token) {
    if (token.length() != 6 || !token.startsWith("<0x") || token.charAt(5) != '>') {
      return -1;
    }
    int high = HEX.indexOf(token.charAt(3));
    int low = HEX.indexOf(token.charAt(4));
    return high < 0 || low < 0 ? -1 : high << 4 | low;
  }
}
