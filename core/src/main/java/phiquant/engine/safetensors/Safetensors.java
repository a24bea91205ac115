package phiquant.engine.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.PythonJson;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.study.Findings;
import phiquant.study.InputSquares;

/**
 * A Hugging Face checkpoint: config.json, the weights as safetensors (shards of 5 GB with an index
 * where one file would be larger) and the tokenizer's files. So a GGUF or MLX model becomes one
 * that transformers and every other tool reads.
 */
public final class Safetensors implements Target {
  private static final long SHARD = 5_000_000_000L;
  private final TargetSpec spec;
  private final GgmlType type;

  private Safetensors(TargetSpec spec, GgmlType type) {
    this.spec = spec;
    this.type = type;
  }

  /**
   * The target for {@code safetensors:bf16}, {@code safetensors:f16} or {@code safetensors:f32}.
   *
   * @throws UserError (usage) naming what is possible
   */
  public static Safetensors target(TargetSpec spec) {
    GgmlType type =
        switch (spec.format().isEmpty() ? "bf16" : spec.format().toLowerCase(Locale.ROOT)) {
          case "bf16", "bfloat16" -> GgmlType.BF16;
          case "f16", "fp16", "float16" -> GgmlType.F16;
          case "f32", "fp32", "float32" -> GgmlType.F32;
          default ->
              throw UserError.usage(
                  "safetensors has no format '" + spec.format() + "'; it has bf16, f16, f32.");
        };
    if (spec.options().containsKey(InputSquares.KEY)) {
      throw InputSquares.uselessFor(spec.engine() + ":" + spec.format());
    }
    if (!spec.options().isEmpty()) {
      throw UserError.usage("safetensors has no options.");
    }
    return new Safetensors(spec, type);
  }

  @Override
  public String spec() {
    return spec.toString();
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    BlockFormat format = GgmlFormats.of(type);
    List<List<Weight>> shards = shards(model, format);
    List<PlannedFile> files = new ArrayList<>();
    List<PlannedTensor> tensors = new ArrayList<>();
    Map<String, String> index = new LinkedHashMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String path =
          shards.size() == 1
              ? "model.safetensors"
              : String.format("model-%05d-of-%05d.safetensors", i + 1, shards.size());
      SafetensorsLayout layout = new SafetensorsLayout(Map.of("format", "pt"));
      List<Long> begins = new ArrayList<>();
      for (Weight weight : shards.get(i)) {
        StoredTensor tensor = weight.tensor();
        begins.add(
            layout.add(
                tensor.name(), type.name(), tensor.shape(), format.bytes(tensor.elements())));
        index.put(tensor.name(), path);
      }
      for (int t = 0; t < begins.size(); t++) {
        StoredTensor tensor = shards.get(i).get(t).tensor();
        Part part = new Part(i, layout.dataStart() + begins.get(t), format.bytes(tensor.columns()));
        RowEncoder encoder =
            (x, rows, columns, out) -> format.encode(x, 0, rows * columns, out[0], 0);
        tensors.add(
            new PlannedTensor(
                tensor.name(),
                type.name(),
                tensor.shape(),
                format.bytes(tensor.elements()),
                tensor,
                false,
                encoder,
                List.of(part)));
      }
      files.add(layout.file(path));
    }
    if (shards.size() > 1) {
      files.add(PlannedFile.whole("model.safetensors.index.json", index(index, tensors)));
    }
    files.add(PlannedFile.whole("config.json", config(model)));
    files.addAll(PlannedFile.copies(model.checkpoint(), "generation_config.json"));
    return new ArtifactPlan(
        spec(),
        name + "-" + type.name().toLowerCase(java.util.Locale.ROOT),
        false,
        files,
        tensors,
        List.of());
  }

  private static List<List<Weight>> shards(PhiModel model, BlockFormat format) {
    List<List<Weight>> shards = new ArrayList<>();
    long size = SHARD;
    for (Weight weight : model.weights()) {
      long bytes = format.bytes(weight.tensor().elements());
      if (size + bytes > SHARD) {
        shards.add(new ArrayList<>());
        size = 0;
      }
      shards.get(shards.size() - 1).add(weight);
      size += bytes;
    }
    return shards;
  }

  private static byte[] index(Map<String, String> files, List<PlannedTensor> tensors) {
    ObjectNode json = new com.fasterxml.jackson.databind.ObjectMapper().createObjectNode();
    json.putObject("metadata")
        .put("total_size", tensors.stream().mapToLong(PlannedTensor::bytes).sum());
    files.forEach(json.putObject("weight_map")::put);
    return withNewline(PythonJson.bytes(json, 2, true));
  }

  private byte[] config(PhiModel model) {
    ObjectNode config = model.checkpoint().config().deepCopy();
    config.put(
        "torch_dtype",
        switch (type) {
          case F16 -> "float16";
          case F32 -> "float32";
          default -> "bfloat16";
        });
    return withNewline(PythonJson.bytes(config, 2, false));
  }

  private static byte[] withNewline(byte[] json) {
    return (new String(json, StandardCharsets.UTF_8) + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
