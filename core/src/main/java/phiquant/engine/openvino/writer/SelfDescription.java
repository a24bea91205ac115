package phiquant.engine.openvino.writer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.Version;
import phiquant.engine.openvino.writer.WeightPrecision.Compressed;
import phiquant.model.Weight;

/**
 * What an artifact says about itself: the run-time information in the model's XML, with NNCF's
 * names for how it was compressed and with options for the engine, and {@code
 * openvino_config.json}, which optimum-intel reads.
 *
 * @param precisions of all matrices
 * @param texts that weights were rounded for, if they were
 */
record SelfDescription(
    Options options, Map<Weight, WeightPrecision> precisions, List<String> texts) {
  /** For the XML: texts and nested maps. */
  Map<String, ?> runtimeInfo() {
    Map<String, Object> info = new LinkedHashMap<>(origin());
    Map<String, String> engine = new LinkedHashMap<>();
    // Keeps activations within f16's range on GPUs; optimum-intel writes both for such models.
    engine.put("ACTIVATIONS_SCALE_FACTOR", "8.0");
    if (options.isCompressed()) {
      info.put("nncf", Map.of("weight_compression", compression()));
    } else {
      engine.put("KV_CACHE_PRECISION", "f16");
    }
    info.put("runtime_options", engine);
    if (!texts.isEmpty()) {
      info.put("phiquant", Map.of("calibrated_on", String.join(", ", texts)));
    }
    return info;
  }

  /** For the XML of a model beside the language model: who wrote it. */
  Map<String, ?> origin() {
    Map<String, String> by = new LinkedHashMap<>();
    by.put("framework", "phiquant");
    by.put("version", Version.NUMBER);
    return Map.of("conversion_parameters", by);
  }

  private Map<String, String> compression() {
    Map<String, String> compression = new LinkedHashMap<>();
    compression.put("mode", mode());
    compression.put("group_size", Integer.toString(options.group()));
    compression.put("ratio", Double.toString(ratio()));
    compression.put("all_layers", options.allLayers() ? "True" : "False");
    compression.put("backup_mode", options.npu() ? "int8_sym" : "int8_asym");
    compression.put("compression_format", "dequantize");
    compression.put("sensitivity_metric", "weight_quantization_error");
    compression.put("ignored_scope", "[]");
    for (String absent : new String[] {"awq", "gptq", "scale_estimation", "lora_correction"}) {
      compression.put(absent, "False");
    }
    compression.put("layers", options.layers());
    return compression;
  }

  private String mode() {
    return switch (options.format()) {
      case "int4", "int8" -> options.format() + (options.symmetric() ? "_sym" : "_asym");
      default -> options.format();
    };
  }

  /** As asked for, or the share of the layers' parameters that became 4-bit, in hundredths. */
  private double ratio() {
    if (options.layers().equals("nncf") || options.fourBits().isEmpty()) {
      return options.ratio();
    }
    long all = 0;
    long small = 0;
    for (Map.Entry<Weight, WeightPrecision> entry : precisions.entrySet()) {
      Weight weight = entry.getKey();
      if (weight.layer() >= 0) {
        all += weight.tensor().elements();
        if (entry.getValue() instanceof Compressed compressed && compressed.format().bits() == 4) {
          small += weight.tensor().elements();
        }
      }
    }
    return Math.round(100.0 * small / all) / 100.0;
  }

  /** {@code openvino_config.json}. */
  byte[] config() {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("dtype", options.format());
    if (options.isCompressed()) {
      Map<String, Object> quantization = new LinkedHashMap<>();
      quantization.put("quant_method", "default");
      quantization.put("bits", options.fourBits().isPresent() ? 4 : 8);
      quantization.put("sym", options.symmetric());
      quantization.put("group_size", options.group());
      quantization.put("ratio", ratio());
      quantization.put("all_layers", options.allLayers());
      config.put("quantization_config", quantization);
    }
    config.put("save_onnx_model", false);
    try {
      return new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValueAsString(config)
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a map of plain values is always JSON", e);
    }
  }
}
