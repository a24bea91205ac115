package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.checkpoint.packed.PackedWeights;
import phiquant.checkpoint.safetensors.SafetensorsFile;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint as Hugging Face stores it: a folder with {@code config.json}, the weights as {@link
 * Shards}, and the tokenizer's files. MLX's models are such folders too, whose weights are {@link
 * CodedWeights}. Weights are memory-mapped; only headers are read here.
 */
public final class HuggingFaceFolder extends CheckpointFolder {
  private final CodedWeights codes;
  private final List<String> notices = new ArrayList<>();
  private final Map<String, StoredTensor> tensors;
  private boolean packed;

  /**
   * Opens one.
   *
   * @param codes how an engine that keeps such folders stores what it has quantized
   * @throws phiquant.UserError if it is none, or is damaged
   */
  public HuggingFaceFolder(Path folder, CodedWeights codes) {
    super(folder, "Give a checkpoint's or an artifact's folder, or a GGUF file.");
    this.codes = codes;
    this.tensors = map(mapped -> openTensors(folder, mapped));
  }

  /** Whether a folder has weights as safetensors. */
  public static boolean is(Path folder) {
    return Shards.in(folder);
  }

  private Map<String, StoredTensor> openTensors(Path folder, MappedFiles mapped) {
    Shards<MappedTensor> shards =
        Shards.open(
            new FolderFiles(folder),
            name -> SafetensorsFile.open(folder.resolve(name), mapped).tensors());
    notices.addAll(shards.notices());
    Optional<Map<String, StoredTensor>> unpacked =
        PackedWeights.decode(folder, config(), shards.tensors());
    packed = unpacked.isPresent();
    Map<String, StoredTensor> stored =
        unpacked.orElseGet(
            () ->
                codes.isIn(config())
                    ? codes.decode(folder, config(), shards.tensors())
                    : new LinkedHashMap<>(shards.tensors()));
    return named(stored, codes, notices);
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public List<String> notices() {
    return Stream.concat(super.notices().stream(), notices.stream()).toList();
  }

  @Override
  public boolean isQuantized() {
    return packed || codes.isIn(config());
  }

  /**
   * The folder, or if its weights were packed the folder with a configuration that says nothing of
   * that: whoever gets these tensors gets no packed ones.
   */
  public Checkpoint unpacked() {
    if (!packed) {
      return this;
    }
    ObjectNode config = config().deepCopy();
    config.remove("quantization_config");
    return new CheckpointView(this, config, tensors, notices());
  }
}
