package phiquant.npu;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
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

  /** Graphs with weights; they are compiled. The others run on the CPU. */
  static final List<String> LAYERS = List.of("prompt", "token");

  static final String HEAD = "head";

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
      boolean graphs =
          Stream.of("prompt", "token", "head", "embedding", "cache")
              .allMatch(
                  name ->
                      folder.stages().has(name)
                          && Files.isRegularFile(path.resolve(name + ".onnx")));
      if (!graphs) {
        throw new UserError(
            path + " holds a model whose graphs have no fixed sizes, which an NPU needs.", HOW);
      }
      if (folder.stages().path("prompt").has("session_options")) {
        throw new UserError(path + " is compiled already.", "Give the folder that it was made of.");
      }
      return folder;
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }

  private ObjectNode stages() {
    JsonNode stages = config.path("model").path("decoder").path("pipeline").path(0);
    return stages.isObject() ? (ObjectNode) stages : config.objectNode();
  }

  /** Element types of what goes into its graph for tokens, as ONNX numbers them. */
  private Set<Integer> types() {
    Path file = path.resolve("token.onnx");
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

  /** The configuration by which GenAI gives the compiled graphs to the NPU. */
  byte[] compiledConfig() {
    NpuFolder copy = new NpuFolder(path, config.deepCopy());
    for (String name : List.of("prompt", "token", HEAD)) {
      ObjectNode session = ((ObjectNode) copy.stages().get(name)).putObject("session_options");
      session.put("log_id", "onnxruntime-genai");
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
    List<String> left =
        List.of("prompt.onnx", "token.onnx", "head.onnx", "model.onnx.data", CONFIG);
    try (Stream<Path> all = Files.list(path)) {
      return all.filter(file -> Files.isRegularFile(file))
          .filter(file -> !left.contains(file.getFileName().toString()))
          .sorted()
          .toList();
    }
  }
}
