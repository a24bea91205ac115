package phiquant.checkpoint.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.checkpoint.Adapter;
import phiquant.checkpoint.CheckpointFiles;
import phiquant.checkpoint.Ignored;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.Pickle;
import phiquant.checkpoint.StoredTensor;

/**
 * A checkpoint's safetensors files as one set of tensors: those that {@code
 * model.safetensors.index.json} lists, or {@code model.safetensors}, or numbered shards that belong
 * together. Other safetensors files beside them are not read, and named.
 *
 * @param tensors by name, in the order of the files
 * @param notices what a person should know of the files, a sentence each
 */
public record Shards<T extends StoredTensor>(Map<String, T> tensors, List<String> notices) {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final Pattern NUMBERED =
      Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.safetensors");

  /** Whether a folder has weights that {@link #open} reads. */
  public static boolean in(Path folder) {
    return Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
  }

  /**
   * Reads the headers.
   *
   * @param header gives a file's tensors, in the order of their data
   * @throws UserError naming the file or tensor that is missing, damaged or there twice
   */
  public static <T extends StoredTensor> Shards<T> open(
      CheckpointFiles stored, Function<String, Map<String, T>> header) {
    Path folder = stored.path();
    Set<String> files = safetensors(stored);
    List<String> notices = new ArrayList<>();
    Map<String, T> all;
    Set<String> read;
    if (stored.has(INDEX)) {
      Map<String, String> map = index(stored);
      read = new LinkedHashSet<>(map.values());
      all = indexed(folder, map, headers(read, header), notices);
    } else if (files.contains(SINGLE)) {
      read = Set.of(SINGLE);
      all = header.apply(SINGLE);
    } else {
      read = numbered(stored, files);
      all = indexed(folder, Map.of(), headers(read, header), notices);
      notices.add(
          "There is no %s; the %d shards hold every tensor once and are read without it."
              .formatted(INDEX, read.size()));
    }
    files.removeAll(read);
    if (files.removeIf(file -> file.startsWith("adapter_")) || stored.has("adapter_model.bin")) {
      Adapter.in(folder).map(Adapter::besideWeights).ifPresent(notices::add);
    }
    if (!files.isEmpty()) {
      notices.add(
          "Beside the weights that %s, these are not read: %s."
              .formatted(
                  stored.has(INDEX) ? INDEX + " lists" : "are read",
                  Ignored.listed(List.copyOf(files))));
    }
    return new Shards<>(all, List.copyOf(notices));
  }

  private static Set<String> safetensors(CheckpointFiles stored) {
    return stored.names().stream()
        .filter(name -> name.endsWith(".safetensors"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Which shard holds which tensor. */
  private static Map<String, String> index(CheckpointFiles stored) {
    Path folder = stored.path();
    String where = folder.resolve(INDEX).toString();
    JsonNode stated = Json.object(stored.read(INDEX).orElseThrow(), where).path("weight_map");
    if (!stated.isObject() || stated.isEmpty()) {
      throw new UserError(where + " has no weight_map.");
    }
    Map<String, String> map = new LinkedHashMap<>();
    stated.properties().forEach(entry -> map.put(entry.getKey(), entry.getValue().asText()));
    for (String shard : new LinkedHashSet<>(map.values())) {
      if (!InputFile.isPlainName(shard)) {
        throw new UserError(
            where + " names the shard '" + shard + "', which is not a plain file name.");
      }
      if (!stored.has(shard)) {
        throw new UserError(
            folder.resolve(shard) + " is missing; " + INDEX + " lists it.",
            stored.has(SINGLE)
                ? "Download it, or remove " + INDEX + " if " + SINGLE + " is whole."
                : "Download the checkpoint again.");
      }
    }
    return map;
  }

  private static <T> Map<String, Map<String, T>> headers(
      Set<String> shards, Function<String, Map<String, T>> header) {
    Map<String, Map<String, T>> headers = new LinkedHashMap<>();
    shards.forEach(shard -> headers.put(shard, header.apply(shard)));
    return headers;
  }

  /** All shards' tensors; where two hold one of the same name, the index says which counts. */
  private static <T> Map<String, T> indexed(
      Path folder,
      Map<String, String> map,
      Map<String, Map<String, T>> shards,
      List<String> notices) {
    map.forEach(
        (name, shard) -> {
          if (!shards.get(shard).containsKey(name)) {
            throw new UserError(
                "%s lacks the tensor '%s', which %s says is there."
                    .formatted(folder.resolve(shard), name, INDEX));
          }
        });
    Map<String, T> all = new LinkedHashMap<>();
    List<String> copies = new ArrayList<>();
    shards.forEach(
        (shard, found) ->
            found.forEach(
                (name, tensor) -> {
                  if (!map.getOrDefault(name, shard).equals(shard)) {
                    copies.add(name);
                  } else if (all.put(name, tensor) != null) {
                    throw new UserError(
                        folder + ": the tensor '" + name + "' is in more than one shard.");
                  }
                }));
    if (!copies.isEmpty()) {
      notices.add(
          "More than one shard holds %s; %s says which is read."
              .formatted(Ignored.listed(copies), INDEX));
    }
    return all;
  }

  /** The shards that belong together by their numbers. */
  private static Set<String> numbered(CheckpointFiles stored, Set<String> files) {
    Path folder = stored.path();
    Set<String> sets = new TreeSet<>();
    for (String file : files) {
      Matcher name = NUMBERED.matcher(file);
      if (name.matches()) {
        sets.add(name.group(1) + "-%05d-of-" + name.group(3) + ".safetensors");
      }
    }
    if (sets.size() != 1) {
      throw noWeights(stored, files);
    }
    String set = sets.iterator().next();
    int count = Integer.parseInt(set.replaceFirst(".*-of-(\\d{5})\\.safetensors$", "$1"));
    Set<String> shards = new LinkedHashSet<>();
    for (int i = 1; i <= count; i++) {
      String shard = set.replaceFirst("%05d", String.format("%05d", i));
      if (!files.contains(shard)) {
        throw new UserError(
            folder.resolve(shard) + " is missing: there are shards of " + count + ".",
            "Download the checkpoint again.");
      }
      shards.add(shard);
    }
    return shards;
  }

  private static UserError noWeights(CheckpointFiles stored, Set<String> files) {
    Path folder = stored.path();
    return Adapter.in(folder)
        .map(Adapter::alone)
        .or(() -> pickle(stored))
        .orElseGet(
            () ->
                new UserError(
                    folder + " has neither " + SINGLE + " nor " + INDEX + ".",
                    files.isEmpty()
                        ? "Download the weights beside config.json."
                        : "It holds %s; call the model's weights %s."
                            .formatted(Ignored.listed(List.copyOf(files)), SINGLE)));
  }

  private static Optional<UserError> pickle(CheckpointFiles stored) {
    return stored.names().stream()
        .filter(name -> name.matches(".*\\.(bin|pt|pth|ckpt)"))
        .findFirst()
        .map(name -> Pickle.refused(stored.path().resolve(name)));
  }
}
