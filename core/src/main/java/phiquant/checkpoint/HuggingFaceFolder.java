package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.packed.PackedWeights;
import phiquant.checkpoint.safetensors.SafetensorsFile;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint as Hugging Face stores it: a folder with {@code config.json}, the weights as {@link
 * Shards}, and the tokenizer's files. MLX's models are such folders too, whose weights are {@link
 * CodedWeights}. Weights are memory-mapped; only headers are read here.
 */
public final class HuggingFaceFolder extends SafetensorsFolder {
  private final CodedWeights codes;
  private boolean packed;

  /**
   * Opens one.
   *
   * @param codes how an engine that keeps such folders stores what it has quantized
   * @throws phiquant.UserError if it is none, or is damaged
   */
  public HuggingFaceFolder(Path folder, CodedWeights codes) {
    super(new FolderFiles(folder), "Give a checkpoint's or an artifact's folder, or a GGUF file.");
    this.codes = codes;
    map(mapped -> open(folder, mapped));
  }

  /** Whether a folder has weights as safetensors. */
  public static boolean is(Path folder) {
    return Shards.in(folder);
  }

  private Shards<MappedTensor> open(Path folder, MappedFiles mapped) {
    Shards<MappedTensor> shards =
        Shards.open(
            new FolderFiles(folder),
            name -> SafetensorsFile.open(folder.resolve(name), mapped).tensors());
    Optional<Map<String, StoredTensor>> unpacked =
        PackedWeights.decode(folder, config(), shards.tensors());
    packed = unpacked.isPresent();
    Map<String, StoredTensor> stored =
        unpacked.orElseGet(
            () ->
                codes.isIn(config())
                    ? codes.decode(folder, config(), shards.tensors())
                    : new LinkedHashMap<>(shards.tensors()));
    hold(shards, stored, codes);
    return shards;
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
    return new CheckpointView(this, config, tensors(), notices());
  }
}
