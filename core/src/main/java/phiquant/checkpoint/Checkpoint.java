package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What people have: a model's configuration, tensors and tokenizer files, under the names that
 * Hugging Face gives them whatever the files are. Nothing is copied: tensors are memory-mapped and
 * decoded where they are needed.
 */
public interface Checkpoint extends WeightSource, AutoCloseable {
  /** The folder or file that was opened. */
  Path path();

  /** {@code config.json}, or the same facts taken from other metadata (GGUF). */
  ObjectNode config();

  /** All tensors by Hugging Face name, in the order of the file (shards in order). */
  Map<String, StoredTensor> tensors();

  /**
   * A companion file such as {@code tokenizer.json}, {@code generation_config.json}, {@code
   * tokenizer.model} or {@code README.md}: its bytes, as they are on disk or as they follow from
   * the metadata. Empty if the checkpoint does not have it.
   */
  Optional<byte[]> file(String name);

  /** Whether the weights have been quantized before, so that quantizing them again costs more. */
  default boolean isQuantized() {
    return false;
  }

  /** What a person should know of how it was opened, a sentence each: what was not read, say. */
  default List<String> notices() {
    return List.of();
  }

  /** How many operators of each kind its graph has, for artifacts that are graphs. */
  default Map<String, Integer> operators() {
    return Map.of();
  }

  @Override
  default void requireUnchanged() {}

  /** Whether weights come over a network while they are read, so that to read them twice costs. */
  default boolean isRemote() {
    return false;
  }

  /** What was opened, for who sees it otherwise than it is stored. */
  default Checkpoint opened() {
    return this;
  }

  /** What phiquant was asked for when it made this, if it says so: {@code gguf:Q4_K_M}. */
  default Optional<String> target() {
    return Optional.empty();
  }

  /** The texts whose importance matrix it was quantized with, by the names of their files. */
  default List<String> calibratedOn() {
    return List.of();
  }

  /** What tells its files of weights from others, later ones of the same names included. */
  default String stamp() {
    return "";
  }

  @Override
  void close();
}
