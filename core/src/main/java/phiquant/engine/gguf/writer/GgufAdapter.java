package phiquant.engine.gguf.writer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/**
 * The file that llama.cpp loads beside a model ({@code llama-cli --lora}): both factors of every
 * matrix under the matrix's name, and one alpha for all, by which each is scaled over its rank.
 * Source: llama-adapter.cpp, and {@code get_scale} in llama-adapter.h.
 */
final class GgufAdapter {
  private static final BlockFormat FORMAT = GgmlFormats.of(GgmlType.F32);

  private GgufAdapter() {}

  /** One factor under its name. */
  private record Factor(String name, StoredTensor tensor) {
    long bytes() {
      return FORMAT.bytes(tensor.elements());
    }
  }

  static ArtifactPlan of(String target, PhiModel model, LoraFactors adapter) {
    LoraFactors.Pair first = adapter.pairs().getFirst();
    // Without an alpha llama.cpp does not divide by the rank.
    float alpha = first.scale() == 0 ? 1 : first.scale() * first.rank();
    List<Factor> factors = new ArrayList<>();
    for (LoraFactors.Pair pair : adapter.pairs()) {
      String name = name(model, pair.tensor());
      factors.add(new Factor(name + ".lora_a", pair.a()));
      factors.add(new Factor(name + ".lora_b", pair.bFor(alpha / pair.rank())));
    }
    List<GgufHeader.Tensor> infos = new ArrayList<>();
    long size = 0;
    for (Factor factor : factors) {
      infos.add(new GgufHeader.Tensor(factor.name(), factor.tensor().shape(), GgmlType.F32, size));
      size += GgufHeader.aligned(factor.bytes());
    }
    byte[] header = GgufHeader.write(metadata(model, adapter, alpha), infos);
    List<PlannedTensor> planned = new ArrayList<>();
    for (int i = 0; i < factors.size(); i++) {
      planned.add(planned(factors.get(i), header.length + infos.get(i).offset()));
    }
    String file = adapter.name() + "-lora.gguf";
    PlannedFile whole =
        new PlannedFile(file, header.length + size, List.of(new PlannedFile.Fixed(0, header)));
    return new ArtifactPlan(target, file, true, List.of(whole), planned, List.of());
  }

  private static PlannedTensor planned(Factor factor, long at) {
    StoredTensor tensor = factor.tensor();
    return new PlannedTensor(
        factor.name(),
        GgmlType.F32.name(),
        tensor.shape(),
        factor.bytes(),
        tensor,
        false,
        new BlockRows(FORMAT),
        List.of(new Part(0, at, FORMAT.bytes(tensor.columns()))));
  }

  private static Map<String, MetadataValue> metadata(
      PhiModel model, LoraFactors adapter, float alpha) {
    Map<String, MetadataValue> keys = new LinkedHashMap<>();
    keys.put(
        "general.architecture",
        new MetadataValue.Text(GgufArchitecture.of(model.architecture()).text()));
    keys.put("general.type", new MetadataValue.Text("adapter"));
    keys.put("adapter.type", new MetadataValue.Text("lora"));
    keys.put("general.name", new MetadataValue.Text(adapter.name()));
    keys.put("adapter.lora.alpha", new MetadataValue.F32(alpha));
    keys.put("general.quantization_version", new MetadataValue.U32(2));
    return keys;
  }

  private static String name(PhiModel model, String tensor) {
    Weight weight = model.weight(tensor);
    if (weight.role().isExpert()) {
      throw new UserError(
          "gguf: the adapter changes '" + tensor + "', one expert of those that GGUF keeps as one.",
          "Merge it with --lora.");
    }
    return GgufNames.of(weight.role(), weight.layer(), false);
  }
}
