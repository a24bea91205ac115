package phiquant.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A Phi-3 checkpoint in miniature with random weights and a made-up vocabulary. It says nothing; it
 * has every kind of tensor and token that quantizing meets, in 30 MB that are written in no time.
 */
public final class RandomModel {
  private static final int HIDDEN = 512;
  private static final int FEED_FORWARD = 1024;
  private static final int LAYERS = 4;
  private static final int VOCABULARY = 8192;

  private RandomModel() {}

  /** Writes the checkpoint's files into a new folder. */
  public static void write(Path folder) throws IOException {
    Files.createDirectory(folder);
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "hidden_act": "silu",
         "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d,
         "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": %d,
         "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "rope_scaling": null, "sliding_window": null,
         "tie_word_embeddings": true, "torch_dtype": "bfloat16", "attention_bias": false,
         "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
        """
            .formatted(HIDDEN, FEED_FORWARD, LAYERS, VOCABULARY));
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer().toString());
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"<|end|>\"}");
    weights(folder.resolve("model.safetensors"));
  }

  /** Byte-level BPE in which every token but the first ones is merged from two printable bytes. */
  private static ObjectNode tokenizer() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putArray("added_tokens")
        .addObject()
        .put("id", 0)
        .put("content", "<|end|>")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
    json.set("pre_tokenizer", byteLevel());
    json.set("decoder", byteLevel());
    ObjectNode model = json.putObject("model").put("type", "BPE");
    ObjectNode tokens = model.putObject("vocab").put("<|end|>", 0);
    ArrayNode merges = model.putArray("merges");
    for (char c = '!'; c <= '~'; c++) {
      tokens.put(String.valueOf(c), tokens.size());
    }
    for (char a = '!'; a <= '~'; a++) {
      for (char b = '!'; b <= '~' && tokens.size() < VOCABULARY; b++) {
        tokens.put("" + a + b, tokens.size());
        merges.add(a + " " + b);
      }
    }
    return json;
  }

  private static ObjectNode byteLevel() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  /** Their shapes, outermost first, in the order of the file. */
  private static Map<String, int[]> shapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new int[] {VOCABULARY, HIDDEN});
    for (int i = 0; i < LAYERS; i++) {
      String layer = "model.layers." + i + ".";
      shapes.put(layer + "input_layernorm.weight", new int[] {HIDDEN});
      shapes.put(layer + "self_attn.qkv_proj.weight", new int[] {2 * HIDDEN, HIDDEN});
      shapes.put(layer + "self_attn.o_proj.weight", new int[] {HIDDEN, HIDDEN});
      shapes.put(layer + "post_attention_layernorm.weight", new int[] {HIDDEN});
      shapes.put(layer + "mlp.gate_up_proj.weight", new int[] {2 * FEED_FORWARD, HIDDEN});
      shapes.put(layer + "mlp.down_proj.weight", new int[] {HIDDEN, FEED_FORWARD});
    }
    shapes.put("model.norm.weight", new int[] {HIDDEN});
    return shapes;
  }

  private static void weights(Path file) throws IOException {
    ObjectNode header = JsonNodeFactory.instance.objectNode();
    int size = 0;
    for (Map.Entry<String, int[]> tensor : shapes().entrySet()) {
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
    byte[] text = header.toString().getBytes(UTF_8);
    ByteBuffer out = ByteBuffer.allocate(8 + text.length + size).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(text.length).put(text);
    SplittableRandom random = new SplittableRandom(1);
    while (out.hasRemaining()) {
      float weight = (random.nextInt(255) - 127) / 4096f;
      out.putShort((short) (Float.floatToRawIntBits(weight) >> 16));
    }
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(out.flip());
    }
  }
}
