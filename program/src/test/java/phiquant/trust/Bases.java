package phiquant.trust;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;

/** Sound models of every format that phiquant reads, as files in memory: what is mutated. */
final class Bases {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path scratch;
  private final Map<String, Map<String, byte[]>> made = new ConcurrentHashMap<>();

  /**
   * @param scratch a folder for what is made on the way
   */
  Bases(Path scratch) {
    this.scratch = scratch;
  }

  /** A Hugging Face folder with one file of weights. */
  Map<String, byte[]> checkpoint(TinyModel model) {
    return made.computeIfAbsent(model.toString(), unused -> model.files());
  }

  /** The same with the weights in two shards and an index. */
  Map<String, byte[]> shards(TinyModel model) {
    return made.computeIfAbsent("shards of " + model, unused -> split(checkpoint(model)));
  }

  /** An artifact made of it; a GGUF file is called {@code model.gguf}. */
  Map<String, byte[]> artifact(TinyModel model, String target) {
    return made.computeIfAbsent(target + " of " + model, unused -> quantize(model, target));
  }

  private Map<String, byte[]> quantize(TinyModel model, String target) {
    try {
      Path folder = Files.createTempDirectory(scratch, "base");
      Path source = new Input(model.kind(), checkpoint(model)).write(folder.resolve("tiny"));
      Path artifact;
      try (Checkpoint checkpoint = Checkpoints.open(source)) {
        artifact = Quantize.of(checkpoint).to(target).threads(1).into(folder.resolve("out")).get(0);
      }
      if (Files.isRegularFile(artifact)) {
        return Map.of("model.gguf", Files.readAllBytes(artifact));
      }
      Map<String, byte[]> files = new TreeMap<>();
      try (Stream<Path> all = Files.list(artifact)) {
        for (Path file : (Iterable<Path>) all::iterator) {
          files.put(file.getFileName().toString(), Files.readAllBytes(file));
        }
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, byte[]> split(Map<String, byte[]> whole) {
    Map<String, byte[]> files = new TreeMap<>(whole);
    SafetensorsBytes weights = SafetensorsBytes.parse(files.remove("model.safetensors"));
    List<String> names = weights.names();
    ObjectNode index = JSON.createObjectNode();
    ObjectNode map = index.putObject("weight_map");
    for (int shard = 0; shard < 2; shard++) {
      String file = "model-0000%d-of-00002.safetensors".formatted(shard + 1);
      int middle = names.size() / 2;
      List<String> here =
          shard == 0 ? names.subList(0, middle) : names.subList(middle, names.size());
      here.forEach(name -> map.put(name, file));
      files.put(file, weights.only(here).bytes());
    }
    files.put("model.safetensors.index.json", index.toString().getBytes(StandardCharsets.UTF_8));
    return files;
  }
}
