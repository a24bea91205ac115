package phiquant.engine.onnx.writer.options;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;
import phiquant.model.PhiModel;

/**
 * What a folder's graph and its constants are called. ONNX Runtime GenAI is told the name, and
 * takes any; transformers.js, in a browser or in Node, makes it from the precision that it is asked
 * for, and looks in the folder {@code onnx}. So what is made for the web is read by both.
 *
 * @param web the precision, as transformers.js calls it; empty if it need not know the folder
 * @param graph the graph's file, relative to the artifact's folder
 * @param beside the constants' file, relative to the graph's
 */
public record FolderLayout(Optional<String> web, String graph, String beside) {
  /** The option that asks for what transformers.js reads. */
  static final String KEY = "for";

  /** What GenAI's model builder calls them. */
  static final FolderLayout GENAI =
      new FolderLayout(Optional.empty(), "model.onnx", "model.onnx.data");

  /**
   * Precisions and how file names end for them: {@code utils/dtypes.js} of transformers.js 4.3.2.
   * With {@code q4f16} it is 16 bits that the model computes in.
   */
  private static final Map<String, String> ENDINGS =
      Map.of("q4", "_q4", "q4f16", "_q4f16", "q8", "_quantized", "fp16", "_fp16", "fp32", "");

  /** Of our architectures those that it has: {@code models/registry.js}. */
  private static final Set<String> KINDS = Set.of("phi", "phi3", "llama");

  private static final String FOLDER = "onnx/";

  static FolderLayout of(Format format, ExecutionProvider device, Map<String, String> options) {
    String reader = options.get(KEY);
    if (reader == null) {
      return GENAI;
    }
    if (!reader.equals("web")) {
      throw UserError.usage("onnx: for=" + reader + "; it can be web.");
    }
    if (device != ExecutionProvider.CPU && device != ExecutionProvider.WEBGPU) {
      throw UserError.usage(
          "onnx: for=web is for a browser's WebAssembly (device=cpu) or WebGPU (device=webgpu), not"
              + " device="
              + device.label()
              + ".");
    }
    String type = type(format, device);
    String file = "model" + ENDINGS.get(type) + ".onnx";
    return new FolderLayout(Optional.of(type), FOLDER + file, file + "_data");
  }

  private static String type(Format format, ExecutionProvider device) {
    return switch (format) {
      case FP32 -> "fp32";
      case FP16 -> "fp16";
      case INT8 -> "q8";
      case INT4, MOBILE -> device == ExecutionProvider.CPU ? "q4" : "q4f16";
      case BF16 -> throw new IllegalArgumentException("for devices that are no browser's");
    };
  }

  /** The constants' file, relative to the artifact's folder. */
  public String data() {
    return graph.substring(0, graph.lastIndexOf('/') + 1) + beside;
  }

  /**
   * The checkpoint's configuration with what transformers.js needs beside it: which precision is
   * there, and that constants are in a file of their own.
   *
   * @throws UserError (usage) if it does not have the architecture
   */
  public byte[] config(PhiModel model) {
    String kind = model.checkpoint().config().path("model_type").asText();
    if (!KINDS.contains(kind)) {
      throw UserError.usage(
          "onnx: for=web: transformers.js has no model_type '%s'; leave it out.".formatted(kind));
    }
    ObjectNode config =
        Json.object(
            model.checkpoint().file("config.json").orElseThrow(),
            model.checkpoint().path() + "/config.json");
    config
        .putObject("transformers.js_config")
        .put("dtype", web.orElseThrow())
        .put("use_external_data_format", true);
    String text = new String(PythonJson.bytes(config, 2, false), StandardCharsets.UTF_8);
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
