package phiquant.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import phiquant.InputFile;
import phiquant.UserError;

/**
 * A checkpoint as Hugging Face stores it: a folder with {@code config.json}, the weights as {@code
 * model.safetensors} or as shards that {@code model.safetensors.index.json} lists, and the
 * tokenizer's files. MLX's models are such folders too; {@link MlxTensors} reads their weights.
 * Weights are memory-mapped; only headers are read here.
 */
final class HuggingFaceFolder extends CheckpointFolder {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";

  private final Map<String, StoredTensor> tensors;

  HuggingFaceFolder(Path folder) {
    super(folder, "Give a checkpoint's or an artifact's folder, or a GGUF file.");
    this.tensors = map(mapped -> openTensors(folder, mapped));
  }

  /** Whether a folder has weights as safetensors. */
  static boolean is(Path folder) {
    return Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
  }

  private Map<String, StoredTensor> openTensors(Path folder, MappedFiles mapped) {
    Map<String, MappedTensor> stored = storedTensors(folder, mapped);
    Map<String, StoredTensor> read =
        isQuantized() ? MlxTensors.of(folder, config(), stored) : new LinkedHashMap<>(stored);
    return isLlama() ? Fused.of(read) : read;
  }

  private static Map<String, MappedTensor> storedTensors(Path folder, MappedFiles mapped) {
    Map<String, MappedTensor> all = new LinkedHashMap<>();
    if (Files.exists(folder.resolve(SINGLE))) {
      all.putAll(SafetensorsFile.open(folder.resolve(SINGLE), mapped).tensors());
      return all;
    }
    if (!Files.exists(folder.resolve(INDEX))) {
      throw noWeights(folder);
    }
    String where = folder.resolve(INDEX).toString();
    JsonNode map =
        Json.object(CompanionFiles.read(folder, INDEX).orElseThrow(), where).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new UserError(where + " has no weight_map.");
    }
    Map<String, Map<String, MappedTensor>> shards = new LinkedHashMap<>();
    for (String shard : shardNames(folder, map, where)) {
      shards.put(shard, SafetensorsFile.open(folder.resolve(shard), mapped).tensors());
    }
    map.properties()
        .forEach(
            entry -> {
              String shard = entry.getValue().asText();
              if (!shards.get(shard).containsKey(entry.getKey())) {
                throw new UserError(
                    folder.resolve(shard)
                        + " lacks the tensor '"
                        + entry.getKey()
                        + "', which "
                        + INDEX
                        + " says is there.");
              }
            });
    shards.forEach(
        (shard, found) ->
            found.forEach(
                (name, tensor) -> {
                  if (all.put(name, tensor) != null) {
                    throw new UserError(
                        folder + ": the tensor '" + name + "' is in more than one shard.");
                  }
                }));
    return all;
  }

  private static Set<String> shardNames(Path folder, JsonNode map, String where) {
    Set<String> names = new LinkedHashSet<>();
    map.forEach(name -> names.add(name.asText()));
    for (String name : names) {
      if (!InputFile.isPlainName(name)) {
        throw new UserError(
            where + " names the shard '" + name + "', which is not a plain file name.");
      }
      if (!Files.exists(folder.resolve(name))) {
        throw new UserError(
            folder.resolve(name) + " is missing; " + INDEX + " lists it.",
            "Download the checkpoint again.");
      }
    }
    return names;
  }

  private static UserError noWeights(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      Optional<Path> pickle =
          files.filter(file -> file.toString().matches(".*\\.(bin|pt|pth|ckpt)")).findFirst();
      if (pickle.isPresent()) {
        return Checkpoints.pickle(pickle.get());
      }
    } catch (IOException e) {
      throw new UserError(folder + " cannot be listed: " + e.getMessage() + ".", e);
    }
    return new UserError(
        folder + " has neither " + SINGLE + " nor " + INDEX + ".",
        "Download the weights beside config.json.");
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public boolean isQuantized() {
    return MlxTensors.isQuantized(config());
  }
}
