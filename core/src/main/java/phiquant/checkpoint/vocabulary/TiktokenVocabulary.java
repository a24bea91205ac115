package phiquant.checkpoint.vocabulary;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;

/**
 * A vocabulary as tiktoken keeps it: a line for each token, its bytes in base 64 and its rank.
 * Phi-3-small has no other. Of the pairs that make a token tiktoken joins the one whose token has
 * the lowest rank; so the merges of the same tokenizer in Hugging Face's form are all ways to make
 * a token from two, in the order of ranks.
 *
 * @param ranks of each token, written in {@link ByteAlphabet}
 */
public record TiktokenVocabulary(Map<String, Integer> ranks) {
  /** cl100k's, from which Phi-3-small has its tokens. */
  public static final String FILE = "cl100k_base.tiktoken";

  /** The first token that is none of cl100k's. */
  private static final int SPECIAL = 100256;

  /** Beyond cl100k's and Phi-3-small's own is a row of dummies, to a multiple of 64. */
  private static final int END = 100352;

  /** The longest of cl100k has 128. */
  private static final int LONGEST = 1024;

  /** Source: {@code SPECIAL_TOKENS} in Phi-3-small's tokenization_phi3_small.py. */
  private static final Map<Integer, String> NAMES =
      Map.of(
          100257, "<|endoftext|>",
          100258, "<|fim_prefix|>",
          100259, "<|fim_middle|>",
          100260, "<|fim_suffix|>",
          100261, "<|system|>",
          100262, "<|user|>",
          100263, "<|assistant|>",
          100266, "<|end|>",
          100276, "<|endofprompt|>");

  /** The first dummies, in the order of their numbers; the others follow one another. */
  private static final List<Integer> DUMMIES = List.of(100264, 100265, 100256);

  /**
   * Reads one.
   *
   * @throws UserError if it is damaged
   */
  public static TiktokenVocabulary of(byte[] file, String where) {
    Map<String, Integer> ranks = new HashMap<>();
    String[] lines = new String(file, StandardCharsets.ISO_8859_1).split("\r?\n");
    for (int i = 0; i < lines.length; i++) {
      String[] parts = lines[i].strip().split(" +");
      if (parts.length != 2 || !parts[1].matches("\\d{1,6}") || parts[0].length() > 2 * LONGEST) {
        throw wrong(where, i, "is no token in base 64 with its rank");
      }
      int rank = Integer.parseInt(parts[1]);
      if (rank >= SPECIAL) {
        throw wrong(where, i, "has the rank " + rank + ", which no token of cl100k has");
      }
      try {
        if (ranks.put(ByteAlphabet.text(Base64.getDecoder().decode(parts[0])), rank) != null) {
          throw wrong(where, i, "has a token that was there before");
        }
      } catch (IllegalArgumentException e) {
        throw wrong(where, i, "is no token in base 64 with its rank");
      }
    }
    return new TiktokenVocabulary(ranks);
  }

  private static UserError wrong(String where, int line, String fact) {
    return new UserError(
        "%s: line %d %s.".formatted(where, line + 1, fact),
        "Take the original model's, or put a tokenizer.json there.");
  }

  /**
   * The {@code tokenizer_config.json} that belongs to {@link #tokenizer}: another than the
   * release's own class reads it, and no code comes with it.
   */
  public static byte[] config(byte[] stated, Path folder) {
    ObjectNode config = Json.object(stated, folder + "/tokenizer_config.json").deepCopy();
    config.remove("auto_map");
    config.put("tokenizer_class", "PreTrainedTokenizerFast");
    return PythonJson.bytes(config, 2, false);
  }

  /** The same as tokenizer.json. */
  public byte[] tokenizer() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    addSpecial(json.putArray("added_tokens"));
    json.putNull("normalizer");
    ArrayNode steps =
        json.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", SplitPattern.CL100K);
    split.put("behavior", "Removed").put("invert", true);
    steps.add(byteLevel().put("use_regex", false));
    json.putNull("post_processor");
    json.set("decoder", byteLevel().put("use_regex", true));
    ObjectNode model = json.putObject("model").put("type", "BPE");
    model.putNull("dropout").putNull("unk_token");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    // A piece that is a token is not taken apart (encode_ordinary_native in tiktoken's lib.rs).
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", true);
    List<String> tokens = new ArrayList<>(ranks.keySet());
    tokens.sort(Comparator.comparing(ranks::get));
    ObjectNode vocabulary = model.putObject("vocab");
    tokens.forEach(token -> vocabulary.put(token, ranks.get(token)));
    ArrayNode merges = model.putArray("merges");
    tokens.forEach(token -> splits(token).forEach(merges::add));
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static ObjectNode byteLevel() {
    ObjectNode step = JsonNodeFactory.instance.objectNode().put("type", "ByteLevel");
    return step.put("add_prefix_space", false).put("trim_offsets", true);
  }

  /** All ways to make a token from two, those from earlier ones first. */
  private List<String> splits(String token) {
    List<String[]> pairs = new ArrayList<>();
    for (int i = 1; i < token.length(); i++) {
      String[] pair = {token.substring(0, i), token.substring(i)};
      if (Arrays.stream(pair).allMatch(ranks::containsKey)) {
        pairs.add(pair);
      }
    }
    pairs.sort(
        Comparator.<String[]>comparingInt(pair -> ranks.get(pair[0]))
            .thenComparingInt(pair -> ranks.get(pair[1])));
    return pairs.stream().map(pair -> pair[0] + " " + pair[1]).toList();
  }

  private static void addSpecial(ArrayNode added) {
    int dummy = DUMMIES.size();
    for (int id = SPECIAL; id < END; id++) {
      int first = DUMMIES.indexOf(id);
      String name = NAMES.get(id);
      if (name == null) {
        name = "<|dummy_id_" + (first >= 0 ? first : dummy++) + "|>";
      }
      ObjectNode token = added.addObject().put("id", id).put("content", name);
      token.put("single_word", false).put("lstrip", false).put("rstrip", false);
      token.put("normalized", false).put("special", true);
    }
  }
}
