package phiquant.trust;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The smallest checkpoint that has everything: two layers, a few hundred tokens, a chat template. A
 * mutation of it is opened, quantized and run in milliseconds.
 *
 * @param kind which of the family
 * @param sentencePiece whether its tokenizer is Phi-3's kind; otherwise it is Phi-4's
 * @param hidden the width, a multiple of 64; 256 lets every block format apply
 * @param tied whether the head is the embedding
 */
record TinyModel(TinyKind kind, boolean sentencePiece, int hidden, boolean tied) {
  /** Query heads; most of the family have half as many of keys and values. */
  static final int HEADS = 4;

  TinyModel {
    tied = kind == TinyKind.PHI_3 ? tied : kind == TinyKind.PHI_3_SMALL; // As the released ones.
  }

  private static final int LAYERS = 2;
  private static final String TEMPLATE =
      "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content']"
          + " + '<|end|>\\n' }}{% endfor %}"
          + "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}";

  /** All files by name. */
  Map<String, byte[]> files() {
    ObjectNode tokenizer = sentencePiece ? pieces() : bytePairs();
    int tokens = tokenizer.path("model").path("vocab").size();
    Map<String, byte[]> files = new TreeMap<>();
    files.put("config.json", bytes(config(tokens)));
    files.put("tokenizer.json", bytes(tokenizer));
    files.put("tokenizer_config.json", bytes(tokenizerConfig()));
    files.put(
        "generation_config.json",
        """
        {"bos_token_id": 1, "eos_token_id": [2, 3], "pad_token_id": 2, "do_sample": true,
         "temperature": 0.8, "top_k": 40, "top_p": 0.95}
        """
            .getBytes(UTF_8));
    files.put("model.safetensors", weights(tokens));
    return files;
  }

  private ObjectNode config(int tokens) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.put("model_type", kind.type).putArray("architectures").add(kind.architecture);
    config.put("hidden_size", hidden).put("num_hidden_layers", LAYERS);
    config.put("num_attention_heads", HEADS).put("num_key_value_heads", HEADS / 2);
    config.put("vocab_size", tokens).put("max_position_embeddings", 256);
    config.put("tie_word_embeddings", tied).put("torch_dtype", "bfloat16");
    config.put("bos_token_id", 1).put("eos_token_id", 2).put("pad_token_id", 2);
    kind.describe(config, hidden);
    return config;
  }

  private ObjectNode tokenizerConfig() {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.put("bos_token", "<s>").put("eos_token", "<|end|>").put("pad_token", "<|end|>");
    config.put("unk_token", "<unk>").put("add_bos_token", false).put("chat_template", TEMPLATE);
    config.put("tokenizer_class", sentencePiece ? "LlamaTokenizer" : "GPT2Tokenizer");
    return config;
  }

  private static ObjectNode start(ObjectNode json, ObjectNode vocabulary) {
    json.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = json.putArray("added_tokens");
    for (String token : new String[] {"<unk>", "<s>", "<|end|>", "<|assistant|>", "<|user|>"}) {
      added
          .addObject()
          .put("id", vocabulary.size())
          .put("content", token)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
      vocabulary.put(token, vocabulary.size());
    }
    return json;
  }

  /** Byte-level BPE: GPT-2's letter for every byte, and some pairs. */
  private static ObjectNode bytePairs() {
    ObjectNode vocabulary = JsonNodeFactory.instance.objectNode();
    ObjectNode json = start(JsonNodeFactory.instance.objectNode(), vocabulary);
    json.putNull("normalizer");
    ObjectNode pre = json.putObject("pre_tokenizer").put("type", "ByteLevel");
    pre.put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", true);
    json.putNull("post_processor");
    json.set("decoder", pre.deepCopy());
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean plain = (b >= 33 && b < 127) || (b >= 161 && b < 173) || b >= 174;
      vocabulary.put(String.valueOf((char) (plain ? b : next++)), vocabulary.size());
    }
    model(json, vocabulary, "e", "a", "t", "h", "Ġ").putNull("unk_token");
    return json;
  }

  /** SentencePiece as BPE: bytes to fall back on, letters, and some pairs. */
  private static ObjectNode pieces() {
    ObjectNode vocabulary = JsonNodeFactory.instance.objectNode();
    ObjectNode json = start(JsonNodeFactory.instance.objectNode(), vocabulary);
    ObjectNode normalizer = json.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    steps.addObject().put("type", "Prepend").put("prepend", "▁");
    ObjectNode replace = steps.addObject().put("type", "Replace").put("content", "▁");
    replace.putObject("pattern").put("String", " ");
    json.putNull("pre_tokenizer").putNull("post_processor");
    ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").withArray("decoders");
    ObjectNode back = decoders.addObject().put("type", "Replace").put("content", " ");
    back.putObject("pattern").put("String", "▁");
    decoders.addObject().put("type", "ByteFallback");
    decoders.addObject().put("type", "Fuse");
    decoders.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    for (int b = 0; b < 256; b++) {
      vocabulary.put("<0x%02X>".formatted(b), vocabulary.size());
    }
    for (char c = '!'; c <= '~'; c++) {
      vocabulary.put(String.valueOf(c), vocabulary.size());
    }
    vocabulary.put("▁", vocabulary.size());
    model(json, vocabulary, "e", "a", "t", "h", "▁")
        .put("unk_token", "<unk>")
        .put("fuse_unk", true)
        .put("byte_fallback", true);
    return json;
  }

  private static ObjectNode model(ObjectNode json, ObjectNode vocabulary, String... letters) {
    ObjectNode model = json.putObject("model").put("type", "BPE").putNull("dropout");
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false);
    ArrayNode merges = JsonNodeFactory.instance.arrayNode();
    for (String a : letters) {
      for (String b : letters) {
        vocabulary.put(a + b, vocabulary.size());
        merges.add(a + " " + b);
      }
    }
    model.set("vocab", vocabulary);
    model.set("merges", merges);
    return model;
  }

  private byte[] weights(int tokens) {
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    header.putObject("__metadata__").put("format", "pt");
    int size = 0;
    for (Map.Entry<String, int[]> tensor : kind.shapes(LAYERS, tokens, hidden, tied).entrySet()) {
      ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "BF16");
      ArrayNode shape = entry.putArray("shape");
      int bytes = 2;
      for (int length : tensor.getValue()) {
        shape.add(length);
        bytes *= length;
      }
      entry.putArray("data_offsets").add(size).add(size + bytes);
      size += bytes;
    }
    byte[] text = bytes(header);
    ByteBuffer out = ByteBuffer.allocate(8 + text.length + size).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(text.length).put(text);
    SplittableRandom random = new SplittableRandom(1);
    while (out.hasRemaining()) {
      float weight = (random.nextInt(255) - 127) / 1024f;
      out.putShort((short) (Float.floatToRawIntBits(weight) >> 16));
    }
    return out.array();
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(UTF_8);
  }
}
