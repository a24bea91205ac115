package phiquant.npu;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;

/**
 * A folder that {@code --to onnx:…,device=npu} wrote, before it is compiled.
 *
 * @param path of it
 * @param config its {@code genai_config.json}
 */
record NpuFolder(Path path, ObjectNode config) {
  private static final String CONFIG = "genai_config.json";
  private static final String HOW = "Make one by quantize --to onnx:int4,device=npu.";

  /** Graphs with all layers, or numbered ones with some each; they are compiled, as is the head. */
  private static final Pattern LAYERS = Pattern.compile("(prompt|token)(-[1-9]\\d?)?");

  private static final String HEAD = "head";

  /**
   * Opens it.
   *
   * @throws UserError if it is no such folder, or compiled already
   */
  static NpuFolder open(Path path) {
    Path file = path.resolve(CONFIG);
    if (!Files.exists(path)) {
      throw new UserError(path + " does not exist.", HOW);
    }
    if (!Files.isRegularFile(file)) {
      throw new UserError(path + " has no " + CONFIG + ", so it is no folder to compile.", HOW);
    }
    try {
      NpuFolder folder =
          new NpuFolder(path, Json.object(Files.readAllBytes(file), file.toString()));
      folder.requireGraphs();
      if (folder.stages().path(HEAD).has("session_options")) {
        throw new UserError(path + " is compiled already.", "Give the folder that it was made of.");
      }
      return folder;
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  /** All graphs have to be there, as many for prompts as for tokens. */
  private void requireGraphs() {
    List<String> names = new ArrayList<>(List.of("embedding", "cache", HEAD));
    parts().forEach(names::addAll);
    if (parts().isEmpty() || !names.stream().allMatch(stages()::has)) {
      throw new UserError(
          path + " holds a model whose graphs have no fixed sizes, which an NPU needs.", HOW);
    }
    for (String name : names) {
      if (!Files.isRegularFile(path.resolve(name + ".onnx"))) {
        throw new UserError(
            "%s has no %s.onnx, which its %s names.".formatted(path, name, CONFIG),
            "Copy the folder whole, or make it again.");
      }
    }
  }

  /**
   * What shares weights: of each part of the layers the graph for prompts and that for tokens; of
   * the head there is one.
   */
  List<List<String>> together() {
    return Stream.concat(parts().stream(), Stream.of(List.of(HEAD))).toList();
  }

  /** Of each part of the layers its two graphs, in the order that they run. */
  private List<List<String>> parts() {
    return stages()
        .propertyStream()
        .map(Map.Entry::getKey)
        .filter(name -> LAYERS.matcher(name).matches() && name.startsWith("prompt"))
        .map(name -> List.of(name, name.replaceFirst("prompt", "token")))
        .toList();
  }

  private List<String> compiled() {
    return together().stream().flatMap(List::stream).toList();
  }

  private ObjectNode stages() {
    JsonNode stages = config.path("model").path("decoder").path("pipeline").path(0);
    return stages.isObject() ? (ObjectNode) stages : config.objectNode();
  }

  /** Element types of what goes into its graph for tokens, as ONNX numbers them. */
  private Set<Integer> types() {
    Path file = path.resolve(parts().getFirst().getLast() + ".onnx");
    try {
      return ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getInputList().stream()
          .map(input -> input.getType().getTensorType().getElemType())
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  /**
   * Requires that a chip can compute what its graphs hold.
   *
   * @throws UserError saying what it cannot
   */
  void requireFor(Chip chip) {
    Set<Integer> types = chip.isWide() ? Set.of() : types();
    boolean floats = types.contains(DataType.FLOAT16.getNumber());
    if (floats || types.contains(DataType.INT16.getNumber())) {
      throw new UserError(
          "%s has no %s, which these graphs need."
              .formatted(chip.description(), floats ? "16-bit floats" : "cache of 16 bits"),
          "Make a folder for it by quantize --to onnx:int8,device=npu,activations=static,cache_bits=8.");
    }
  }

  /** The token that fills a prompt up. */
  int padding() {
    return config.path("model").path("pad_token_id").asInt();
  }

  /** Tokens of its vocabulary. */
  int vocabulary() {
    return config.path("model").path("vocab_size").asInt();
  }

  /**
   * The configuration by which GenAI gives the compiled graphs to the NPU.
   *
   * @param shared whether graphs share binaries: then who opens the first of them has the other
   *     too, if both are told so; else each would load the binary, weights and all (QnnEp's {@code
   *     CompileContextModel} in onnxruntime-qnn)
   */
  byte[] compiledConfig(boolean shared) {
    NpuFolder copy = new NpuFolder(path, config.deepCopy());
    for (String name : compiled()) {
      ObjectNode session = ((ObjectNode) copy.stages().get(name)).putObject("session_options");
      session.put("log_id", "onnxruntime-genai");
      if (shared && !name.equals(HEAD)) {
        session.put("ep.share_ep_contexts", "1");
      }
      session
          .putArray("provider_options")
          .addObject()
          .putObject("qnn")
          .put("backend_type", "htp")
          .put("htp_performance_mode", "burst");
    }
    return PythonJson.bytes(copy.config(), 4, true);
  }

  /** Files that the compiled folder has too: all but the graphs that are compiled. */
  List<Path> kept() throws IOException {
    List<String> left = new ArrayList<>(List.of("model.onnx.data", CONFIG));
    compiled().forEach(name -> left.add(name + ".onnx"));
    try (Stream<Path> all = Files.list(path)) {
      return all.filter(file -> Files.isRegularFile(file))
          .filter(file -> !left.contains(file.getFileName().toString()))
          .sorted()
          .toList();
    }
  }
}
