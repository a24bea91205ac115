package phiquant.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.InputFile;
import phiquant.UserError;

/**
 * A folder's safetensors files as one set of tensors: those that {@code
 * model.safetensors.index.json} lists, or {@code model.safetensors}, or numbered shards that belong
 * together. Other safetensors files beside them are not read, and named.
 *
 * @param tensors by name, in the order of the files
 * @param notices what a person should know of the files, a sentence each
 */
record Shards(Map<String, MappedTensor> tensors, List<String> notices) {
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final Pattern NUMBERED =
      Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.safetensors");

  /** Whether a folder has weights that {@link #open} reads. */
  static boolean in(Path folder) {
    return Files.exists(folder.resolve(SINGLE)) || Files.exists(folder.resolve(INDEX));
  }

  /**
   * Reads the headers.
   *
   * @throws UserError naming the file or tensor that is missing, damaged or there twice
   */
  static Shards open(Path folder, MappedFiles mapped) {
    Set<String> files = safetensors(folder);
    List<String> notices = new ArrayList<>();
    Map<String, MappedTensor> all;
    Set<String> read;
    if (Files.exists(folder.resolve(INDEX))) {
      Map<String, String> map = index(folder);
      read = new LinkedHashSet<>(map.values());
      all = indexed(folder, map, headers(folder, read, mapped), notices);
    } else if (files.contains(SINGLE)) {
      read = Set.of(SINGLE);
      all = SafetensorsFile.open(folder.resolve(SINGLE), mapped).tensors();
    } else {
      read = numbered(folder, files);
      all = indexed(folder, Map.of(), headers(folder, read, mapped), notices);
      notices.add(
          "There is no %s; the %d shards hold every tensor once and are read without it."
              .formatted(INDEX, read.size()));
    }
    files.removeAll(read);
    if (files.removeIf(file -> file.startsWith("adapter_")) || adapter(folder)) {
      Adapter.in(folder).map(Adapter::besideWeights).ifPresent(notices::add);
    }
    if (!files.isEmpty()) {
      notices.add(
          "Beside the weights that %s, these are not read: %s."
              .formatted(
                  Files.exists(folder.resolve(INDEX)) ? INDEX + " lists" : "are read",
                  Ignored.listed(List.copyOf(files))));
    }
    return new Shards(all, List.copyOf(notices));
  }

  private static Set<String> safetensors(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      Set<String> names = new TreeSet<>();
      files
          .filter(Files::exists)
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".safetensors"))
          .forEach(names::add);
      return names;
    } catch (IOException e) {
      throw new UserError(folder + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }

  /** Which shard holds which tensor. */
  private static Map<String, String> index(Path folder) {
    String where = folder.resolve(INDEX).toString();
    JsonNode stated =
        Json.object(CompanionFiles.read(folder, INDEX).orElseThrow(), where).path("weight_map");
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
      if (!Files.exists(folder.resolve(shard))) {
        throw new UserError(
            folder.resolve(shard) + " is missing; " + INDEX + " lists it.",
            Files.exists(folder.resolve(SINGLE))
                ? "Download it, or remove " + INDEX + " if " + SINGLE + " is whole."
                : "Download the checkpoint again.");
      }
    }
    return map;
  }

  private static Map<String, Map<String, MappedTensor>> headers(
      Path folder, Set<String> shards, MappedFiles mapped) {
    Map<String, Map<String, MappedTensor>> headers = new LinkedHashMap<>();
    shards.forEach(
        shard -> headers.put(shard, SafetensorsFile.open(folder.resolve(shard), mapped).tensors()));
    return headers;
  }

  /** All shards' tensors; where two hold one of the same name, the index says which counts. */
  private static Map<String, MappedTensor> indexed(
      Path folder,
      Map<String, String> map,
      Map<String, Map<String, MappedTensor>> shards,
      List<String> notices) {
    map.forEach(
        (name, shard) -> {
          if (!shards.get(shard).containsKey(name)) {
            throw new UserError(
                "%s lacks the tensor '%s', which %s says is there."
                    .formatted(folder.resolve(shard), name, INDEX));
          }
        });
    Map<String, MappedTensor> all = new LinkedHashMap<>();
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
  private static Set<String> numbered(Path folder, Set<String> files) {
    Set<String> sets = new TreeSet<>();
    for (String file : files) {
      Matcher name = NUMBERED.matcher(file);
      if (name.matches()) {
        sets.add(name.group(1) + "-%05d-of-" + name.group(3) + ".safetensors");
      }
    }
    if (sets.size() != 1) {
      throw noWeights(folder, files);
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

  private static boolean adapter(Path folder) {
    return Files.exists(folder.resolve("adapter_model.bin"));
  }

  private static UserError noWeights(Path folder, Set<String> files) {
    return Adapter.in(folder)
        .map(Adapter::alone)
        .or(() -> pickle(folder))
        .orElseGet(
            () ->
                new UserError(
                    folder + " has neither " + SINGLE + " nor " + INDEX + ".",
                    files.isEmpty()
                        ? "Download the weights beside config.json."
                        : "It holds %s; call the model's weights %s."
                            .formatted(Ignored.listed(List.copyOf(files)), SINGLE)));
  }

  private static java.util.Optional<UserError> pickle(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().matches(".*\\.(bin|pt|pth|ckpt)"))
          .findFirst()
          .map(Pickle::refused);
    } catch (IOException e) {
      throw new UserError(folder + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }
}
