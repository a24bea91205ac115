package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;

/** A checkpoint of any size without weights, for plans, which read none. */
final class HeaderOnly implements Checkpoint {
  private final ObjectNode config = new ObjectMapper().createObjectNode();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> files;

  private record Shape(String name, List<Long> shape) implements StoredTensor {
    @Override
    public String format() {
      return "BF16";
    }

    @Override
    public long storedBytes() {
      return 2 * elements();
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      throw new AssertionError("a plan reads no weights");
    }
  }

  HeaderOnly(int hidden, int feedForward, int layers, int vocabulary, Map<String, String> files) {
    this.files = files;
    config
        .put("hidden_size", hidden)
        .put("intermediate_size", feedForward)
        .put("num_hidden_layers", layers)
        .put("num_attention_heads", hidden / 32)
        .put("vocab_size", vocabulary)
        .putArray("architectures")
        .add("Phi3ForCausalLM");
    add("model.embed_tokens.weight", vocabulary, hidden);
    for (int i = 0; i < layers; i++) {
      String layer = "model.layers." + i + ".";
      add(layer + "input_layernorm.weight", hidden);
      add(layer + "mlp.down_proj.weight", hidden, feedForward);
      add(layer + "mlp.gate_up_proj.weight", 2 * feedForward, hidden);
      add(layer + "post_attention_layernorm.weight", hidden);
      add(layer + "self_attn.o_proj.weight", hidden, hidden);
      add(layer + "self_attn.qkv_proj.weight", 3 * hidden, hidden);
    }
    add("model.norm.weight", hidden);
    add("lm_head.weight", vocabulary, hidden);
  }

  private void add(String name, long... shape) {
    tensors.put(name, new Shape(name, Arrays.stream(shape).boxed().toList()));
  }

  @Override
  public Path path() {
    return Path.of("header-only");
  }

  @Override
  public ObjectNode config() {
    return config;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public Optional<byte[]> file(String name) {
    return Optional.ofNullable(files.get(name)).map(s -> s.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {}
}
