package phiquant.engine.gguf.reader;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.Renamed;
import phiquant.checkpoint.Stacked;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.gguf.GgufNames;
import phiquant.model.Architecture;
import phiquant.model.PhiConfig;
import phiquant.model.phi.Phi2;

/**
 * A GGUF file of the architecture {@code phi2}, {@code phi3} or {@code llama} seen as a checkpoint
 * of Hugging Face: its tensors under their names there, fused and un-permuted where the two differ,
 * and config.json and the tokenizer's files made from the metadata. A Llama is a Phi-3 whose fused
 * matrices are apart.
 */
public final class GgufCheckpoint implements Checkpoint {
  private final Path path;
  private final MappedFiles files = new MappedFiles();
  private final GgufFile file;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private final GgufConfig.Found config;
  private final Set<String> used = new HashSet<>();
  private Map<String, byte[]> companions;

  /**
   * Opens a file, or all files of a split model given the first.
   *
   * @throws UserError if it is damaged, or of another architecture
   */
  public GgufCheckpoint(Path path) {
    this.path = path;
    try {
      this.file = readAll();
      String architecture = file.text("general.architecture");
      if (!List.of("phi2", "phi3", "llama").contains(architecture)) {
        throw new UserError(
            path + " is of the architecture '" + architecture + "', which is not supported.",
            "Supported: phi2 (Phi-1, Phi-1.5, Phi-2), phi3 (Phi-3, Phi-3.5-mini, Phi-4, Phi-4-mini)"
                + " and llama.");
      }
      this.config = GgufConfig.of(file);
      if (architecture.equals("phi2")) {
        nameTensors(new Phi2());
      } else {
        nameTensors(architecture.equals("llama"));
      }
      keepTheRest();
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private GgufFile readAll() {
    GgufFile first = GgufFile.read(path, files.map(path));
    long count = first.metadata().get("split.count") instanceof Long number ? number : 1;
    if (count <= 1) {
      return first;
    }
    String suffix = String.format("-00001-of-%05d.gguf", count);
    String name = path.getFileName().toString();
    if (count > 99999 || !name.endsWith(suffix)) {
      throw new UserError(
          path + " is one of " + count + " files of a split model.",
          "Give the first of them, whose name ends in -00001-of-….gguf.");
    }
    Map<String, GgufTensor> all = new LinkedHashMap<>(first.tensors());
    String base = name.substring(0, name.length() - suffix.length());
    for (int i = 2; i <= count; i++) {
      Path next = path.resolveSibling(String.format("%s-%05d-of-%05d.gguf", base, i, count));
      if (!Files.exists(next)) {
        throw new UserError(next + " is missing; the model is split into " + count + " files.");
      }
      all.putAll(GgufFile.read(next, files.map(next)).tensors());
    }
    return new GgufFile(path, first.version(), first.metadata(), all);
  }

  /** The file itself, for those who want to see it. */
  public GgufFile file() {
    return file;
  }

  private void nameTensors(boolean llama) {
    rename("token_embd.weight", "model.embed_tokens.weight");
    int layers = config.json().path("num_hidden_layers").asInt();
    for (int i = 0; i < layers; i++) {
      String from = "blk." + i + ".";
      String to = "model.layers." + i + ".";
      rename(from + "attn_norm.weight", to + "input_layernorm.weight");
      if (llama) {
        int headSize =
            config.json().path("hidden_size").asInt()
                / config.json().path("num_attention_heads").asInt();
        stack(
            to + "self_attn.qkv_proj.weight",
            new Unpermuted(tensor(from + "attn_q.weight"), headSize),
            new Unpermuted(tensor(from + "attn_k.weight"), headSize),
            tensor(from + "attn_v.weight"));
      } else {
        rename(from + "attn_qkv.weight", to + "self_attn.qkv_proj.weight");
      }
      rename(from + "attn_output.weight", to + "self_attn.o_proj.weight");
      rename(from + "ffn_norm.weight", to + "post_attention_layernorm.weight");
      if (llama) {
        stack(
            to + "mlp.gate_up_proj.weight",
            tensor(from + "ffn_gate.weight"),
            tensor(from + "ffn_up.weight"));
      } else {
        rename(from + "ffn_up.weight", to + "mlp.gate_up_proj.weight");
      }
      rename(from + "ffn_down.weight", to + "mlp.down_proj.weight");
    }
    rename("output_norm.weight", "model.norm.weight");
    if (file.tensors().containsKey("output.weight")) {
      rename("output.weight", "lm_head.weight");
    }
    if (!config.json().path("rope_scaling").isNull()) {
      used.addAll(GgufConfig.ROPE_FACTORS);
    }
  }

  /** One whose parts are those of the file. */
  private void nameTensors(Architecture architecture) {
    PhiConfig facts = PhiConfig.of(config.json(), path.toString(), architecture.keys());
    for (Architecture.Part part : architecture.parts(facts)) {
      rename(GgufNames.of(part.role(), part.layer(), part.bias()), part.name());
    }
  }

  private void keepTheRest() {
    // What has no place in a Phi keeps its name, so that it is not lost without a word.
    file.tensors()
        .forEach(
            (name, tensor) -> {
              if (!used.contains(name)) {
                tensors.put(name, tensor);
              }
            });
  }

  private StoredTensor tensor(String name) {
    StoredTensor tensor = file.tensors().get(name);
    used.add(name);
    if (tensor == null) {
      throw new UserError(path + ": the tensor '" + name + "' is missing.");
    }
    return tensor;
  }

  private void rename(String from, String to) {
    tensors.put(to, new Renamed(to, tensor(from)));
  }

  private void stack(String name, StoredTensor... parts) {
    List<StoredTensor> list = new ArrayList<>(List.of(parts));
    for (StoredTensor part : list) {
      if (part.shape().size() != 2 || part.columns() != list.get(0).columns()) {
        throw new UserError(
            path
                + ": '"
                + part.name()
                + "' has the shape "
                + part.shape()
                + ", which does not fit its neighbours.");
      }
    }
    tensors.put(name, new Stacked(name, list));
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public ObjectNode config() {
    return config.json();
  }

  @Override
  public List<String> notices() {
    return config.notices();
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public synchronized Optional<byte[]> file(String name) {
    if (companions == null) {
      companions = GgufTokenizer.files(file, config.json());
    }
    return Optional.ofNullable(companions.get(name));
  }

  @Override
  public boolean isQuantized() {
    return file.tensors().values().stream().anyMatch(tensor -> tensor.type().isQuantized());
  }

  @Override
  public void requireUnchanged() {
    files.requireUnchanged();
  }

  @Override
  public String stamp() {
    return files.stamp();
  }

  @Override
  public void close() {
    files.close();
  }
}
