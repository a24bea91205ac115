package phiquant.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.checkpoint.CompanionFiles;
import phiquant.checkpoint.Json;
import phiquant.hub.transport.HubSettings;

/**
 * One model in the cache that Hugging Face's tools share: {@code refs/BRANCH} holds a commit,
 * {@code snapshots/COMMIT} links to the files in {@code blobs}, and {@code trees/COMMIT.json}, if
 * huggingface_hub is new enough, has every file's size and hash. A blob may itself be a link into a
 * store of all models. Source: {@code file_download.py}, {@code _tree_cache.py} and {@code
 * _shared_blobs.py} of huggingface_hub 2.4.0.
 *
 * @param folder {@code models--OWNER--NAME}; it need not exist
 */
record HubCacheFolder(Path folder) {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String SINGLE = "model.safetensors";

  /** What a checkpoint has beside its weights, if its repository has it. */
  private static final Set<String> COMPANIONS =
      Stream.concat(
              CompanionFiles.TOKENIZER.stream(),
              Stream.of("config.json", "generation_config.json", INDEX))
          .collect(Collectors.toUnmodifiableSet());

  static HubCacheFolder of(HubSettings settings, HubName name) {
    return new HubCacheFolder(settings.cache().resolve(name.folder()));
  }

  /** The folder of a commit's files. */
  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  /** The commit that a revision was at when it was last asked for. */
  Optional<String> commit(HubName name) {
    if (name.isCommit()) {
      return Optional.of(name.revision());
    }
    Path ref = folder.resolve("refs").resolve(name.revision());
    try {
      return Files.isRegularFile(ref)
          ? Optional.of(Files.readString(ref).strip()).filter(HubName::isCommit)
          : Optional.empty();
    } catch (IOException e) {
      throw new UserError(ref + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  /** A revision's files, if all that a checkpoint needs is there, at its full size. */
  Optional<Path> whole(HubName name) {
    return commit(name).filter(commit -> isWhole(commit)).map(this::snapshot);
  }

  private boolean isWhole(String commit) {
    Path snapshot = snapshot(commit);
    if (!Files.isDirectory(snapshot)) {
      return false;
    }
    Optional<ObjectNode> tree =
        CompanionFiles.read(folder.resolve("trees"), commit + ".json")
            .map(bytes -> Json.object(bytes, folder + "/trees/" + commit + ".json"))
            .filter(json -> json.path("format_version").asInt() == 1);
    Set<String> listed = new LinkedHashSet<>();
    tree.ifPresent(json -> json.path("files").fieldNames().forEachRemaining(listed::add));
    Set<String> needed = weights(snapshot, listed);
    listed.stream().filter(COMPANIONS::contains).forEach(needed::add);
    if (needed.isEmpty()) {
      return holdsSomething(snapshot);
    }
    return needed.stream()
        .allMatch(
            file ->
                isThere(
                    snapshot.resolve(file),
                    tree.map(json -> json.path("files").path(file).path("size")).orElse(null)));
  }

  private static boolean isThere(Path file, JsonNode size) {
    try {
      return Files.isRegularFile(file)
          && (size == null || !size.isNumber() || Files.size(file) == size.asLong());
    } catch (IOException e) {
      return false;
    }
  }

  /** The files of weights that must be there, as far as that is known. */
  private static Set<String> weights(Path snapshot, Set<String> listed) {
    Set<String> weights = new LinkedHashSet<>();
    Optional<byte[]> index = CompanionFiles.read(snapshot, INDEX);
    if (index.isPresent()) {
      Json.object(index.get(), snapshot + "/" + INDEX)
          .path("weight_map")
          .forEach(shard -> weights.add(shard.asText()));
      weights.removeIf(shard -> !InputFile.isPlainName(shard)); // Who opens it says so.
    } else if (listed.contains(SINGLE)) {
      weights.add(SINGLE);
    } else {
      listed.stream()
          .filter(file -> file.endsWith(".safetensors") && !file.contains("/"))
          .forEach(weights::add);
    }
    return weights;
  }

  /** An older client's snapshot, or one of another format: what is not there, who opens it says. */
  private static boolean holdsSomething(Path snapshot) {
    List<String> weights = List.of(".safetensors", ".gguf", ".onnx", ".xml");
    try (Stream<Path> files = Files.list(snapshot)) {
      return files
          .filter(Files::isRegularFile)
          .anyMatch(file -> weights.stream().anyMatch(file.toString()::endsWith));
    } catch (IOException e) {
      return false;
    }
  }
}
