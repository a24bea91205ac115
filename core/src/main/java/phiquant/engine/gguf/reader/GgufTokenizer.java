package phiquant.engine.gguf.reader;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.PythonJson;

/**
 * The tokenizer's files that a GGUF file's vocabulary amounts to: tokenizer.json and its
 * companions, as transformers reads them. Knows llama.cpp's {@code gpt2} kind (byte-level BPE) and
 * {@code llama} kind (SentencePiece).
 */
final class GgufTokenizer {
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final GgufFile file;
  private final ObjectNode config;
  private final String[] tokens;
  private final int[] types;
  private final Set<String> vocabulary;
  private final boolean sentencePiece;

  private GgufTokenizer(GgufFile file, ObjectNode config) {
    this.file = file;
    this.config = config;
    this.tokens =
        file.list("tokenizer.ggml.tokens").stream().map(String::valueOf).toArray(String[]::new);
    this.vocabulary = Set.copyOf(Arrays.asList(tokens));
    List<?> stated = file.list("tokenizer.ggml.token_type");
    this.types = new int[tokens.length];
    for (int id = 0; id < tokens.length; id++) {
      types[id] = id < stated.size() && stated.get(id) instanceof Long type ? type.intValue() : 1;
    }
    String model = file.text("tokenizer.ggml.model");
    if (!"gpt2".equals(model) && !"llama".equals(model)) {
      throw new UserError(
          file.path()
              + " has a tokenizer of the kind '"
              + model
              + "'; phiquant reads gpt2 and llama.");
    }
    this.sentencePiece = model.equals("llama");
  }

  /** The files' bytes by name. */
  static Map<String, byte[]> files(GgufFile file, ObjectNode config) {
    Map<String, byte[]> files = new LinkedHashMap<>();
    GgufTokenizer tokenizer = new GgufTokenizer(file, config);
    files.put("config.json", json(config));
    files.put("generation_config.json", json(tokenizer.generation()));
    if (tokenizer.tokens.length == 0) {
      return files;
    }
    ObjectNode main = tokenizer.tokenizer();
    files.put("tokenizer.json", json(main));
    files.put("tokenizer_config.json", json(tokenizer.tokenizerConfig()));
    files.put("special_tokens_map.json", json(tokenizer.named()));
    if (!tokenizer.sentencePiece) {
      files.put("vocab.json", json(main.path("model").path("vocab")));
      files.put("merges.txt", merges(main.path("model").path("merges")));
    }
    return files;
  }

  private static byte[] json(JsonNode node) {
    String text = new String(PythonJson.bytes(node, 2, false), StandardCharsets.UTF_8);
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] merges(JsonNode merges) {
    StringBuilder text = new StringBuilder("#version: 0.2\n");
    merges.forEach(merge -> text.append(merge.asText()).append('\n'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private ObjectNode generation() {
    ObjectNode generation = JSON.objectNode();
    for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id")) {
      if (config.has(key)) {
        generation.set(key, config.get(key));
      }
    }
    return generation;
  }

  private ObjectNode tokenizer() {
    ObjectNode json = JSON.objectNode();
    json.put("version", "1.0");
    json.putNull("truncation");
    json.putNull("padding");
    ArrayNode added = json.putArray("added_tokens");
    for (int id = 0; id < tokens.length; id++) {
      if (isAdded(id)) {
        ObjectNode token = added.addObject();
        token.put("id", id);
        token.setAll(flags(id));
      }
    }
    if (sentencePiece) {
      sentencePiece(json);
    } else {
      byteLevel(json);
    }
    return json;
  }

  private boolean isAdded(int id) {
    return types[id] == CONTROL || types[id] == USER_DEFINED;
  }

  private ObjectNode flags(int id) {
    ObjectNode flags = JSON.objectNode();
    flags.put("content", tokens[id]);
    flags.put("single_word", false);
    GgufStripping stripping = GgufStripping.of(file, vocabulary, tokens[id]);
    flags.put("lstrip", stripping.before());
    flags.put("rstrip", stripping.after());
    flags.put("normalized", false);
    flags.put("special", types[id] == CONTROL);
    return flags;
  }

  private void byteLevel(ObjectNode json) {
    json.putNull("normalizer");
    json.set("pre_tokenizer", GgufPreTokenizer.of(file));
    json.putNull("post_processor");
    json.set("decoder", GgufPreTokenizer.byteLevel(true, true));
    ArrayNode merges = JSON.arrayNode();
    file.list("tokenizer.ggml.merges").forEach(merge -> merges.add(String.valueOf(merge)));
    json.set("model", model(null, false, merges));
  }

  private void sentencePiece(ObjectNode json) {
    ObjectNode normalizer = json.putObject("normalizer");
    normalizer.put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    steps.addObject().put("type", "Prepend").put("prepend", "▁");
    ObjectNode replace = steps.addObject().put("type", "Replace");
    replace.putObject("pattern").put("String", " ");
    replace.put("content", "▁");
    json.putNull("pre_tokenizer");
    json.putNull("post_processor");
    ObjectNode decoder = json.putObject("decoder");
    decoder.put("type", "Sequence");
    ArrayNode decoders = decoder.putArray("decoders");
    ObjectNode back = decoders.addObject().put("type", "Replace");
    back.putObject("pattern").put("String", "▁");
    back.put("content", " ");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    json.set("model", model("<unk>", true, mergesByScore()));
  }

  private ObjectNode model(String unknown, boolean fallback, ArrayNode merges) {
    ObjectNode model = JSON.objectNode();
    model.put("type", "BPE");
    model.putNull("dropout");
    model.put("unk_token", unknown);
    model.putNull("continuing_subword_prefix");
    model.putNull("end_of_word_suffix");
    model.put("fuse_unk", fallback);
    model.put("byte_fallback", fallback);
    model.put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] != UNUSED) {
        vocab.put(tokens[id], id);
      }
    }
    model.set("merges", merges);
    return model;
  }

  /**
   * SentencePiece merges the pair whose result has the highest score; so every way to make a token
   * from two becomes a merge, in falling order of the token's score.
   */
  private ArrayNode mergesByScore() {
    List<?> scores = file.list("tokenizer.ggml.scores");
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokens.length; id++) {
      ids.put(tokens[id], id);
    }
    ArrayNode merges = JSON.arrayNode();
    java.util.stream.IntStream.range(0, Math.min(tokens.length, scores.size()))
        .filter(id -> types[id] == 1 && tokens[id].codePointCount(0, tokens[id].length()) > 1)
        .boxed()
        .sorted(
            (a, b) ->
                Double.compare(
                    ((Number) scores.get(b)).doubleValue(), ((Number) scores.get(a)).doubleValue()))
        .forEach(id -> splits(tokens[id], ids).forEach(merges::add));
    return merges;
  }

  private static List<String> splits(String token, Map<String, Integer> ids) {
    return java.util.stream.IntStream.range(1, token.length())
        .filter(i -> !Character.isLowSurrogate(token.charAt(i)))
        .mapToObj(i -> new String[] {token.substring(0, i), token.substring(i)})
        .filter(pair -> ids.containsKey(pair[0]) && ids.containsKey(pair[1]))
        .sorted(
            java.util.Comparator.<String[]>comparingInt(pair -> ids.get(pair[0]))
                .thenComparingInt(pair -> ids.get(pair[1])))
        .map(pair -> pair[0] + " " + pair[1])
        .toList();
  }

  private ObjectNode named() {
    ObjectNode named = JSON.objectNode();
    name(named, "bos_token", "bos_token_id");
    name(named, "eos_token", "eos_token_id");
    name(named, "pad_token", "padding_token_id");
    name(named, "unk_token", "unknown_token_id");
    return named;
  }

  private void name(ObjectNode named, String key, String from) {
    if (file.metadata().get("tokenizer.ggml." + from) instanceof Long id
        && id >= 0
        && id < tokens.length) {
      named.put(key, tokens[id.intValue()]);
    }
  }

  private ObjectNode tokenizerConfig() {
    ObjectNode json = JSON.objectNode();
    if (!sentencePiece) {
      json.put("add_prefix_space", false);
    }
    ObjectNode decoder = json.putObject("added_tokens_decoder");
    for (int id = 0; id < tokens.length; id++) {
      if (isAdded(id)) {
        decoder.set(Integer.toString(id), flags(id));
      }
    }
    json.setAll(named());
    for (String type : List.of("bos", "eos")) {
      // Only what differs from transformers' default is stated.
      if (Boolean.TRUE.equals(file.metadata().get("tokenizer.ggml.add_" + type + "_token"))) {
        json.put("add_" + type + "_token", true);
      }
    }
    if (file.text("tokenizer.chat_template") != null) {
      json.put("chat_template", file.text("tokenizer.chat_template"));
    }
    json.put("clean_up_tokenization_spaces", false);
    json.put("model_max_length", config.path("max_position_embeddings").asInt());
    json.put("tokenizer_class", sentencePiece ? "LlamaTokenizer" : "GPT2Tokenizer");
    return json;
  }
}
