package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import phiquant.UserError;
import phiquant.checkpoint.PythonJson;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Mosaic;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.safetensors.SafetensorsLayout;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;

/**
 * The folder that mlx-lm loads beside a model ({@code --adapter-path}): {@code
 * adapters.safetensors} with both factors of every matrix, each turned, and {@code
 * adapter_config.json} with the one rank and scale that all have. Source: {@code load_adapters} in
 * mlx-lm's tuner/utils.py, {@code LoRALinear} in its tuner/lora.py.
 */
final class MlxAdapter {
  private static final BlockFormat FORMAT = GgmlFormats.of(GgmlType.F32);

  private MlxAdapter() {}

  static ArtifactPlan of(String target, PhiModel model, LoraFactors adapter) {
    int rank = adapter.pairs().stream().mapToInt(LoraFactors.Pair::rank).max().orElseThrow();
    float stated = adapter.pairs().getFirst().scale();
    float scale = stated == 0 ? 1 : stated;
    SafetensorsLayout layout = new SafetensorsLayout(Map.of("format", "mlx"));
    List<StoredTensor> sources = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (LoraFactors.Pair pair : adapter.pairs()) {
      String module = module(model, pair.tensor());
      names.add(module + ".lora_a");
      sources.add(filled(pair.a(), rank, pair.a().columns()));
      names.add(module + ".lora_b");
      sources.add(filled(pair.bFor(scale), pair.b().rows(), rank));
    }
    List<Long> begins = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      begins.add(
          layout.add(
              names.get(i),
              "F32",
              turned(sources.get(i)),
              FORMAT.bytes(sources.get(i).elements())));
    }
    List<PlannedTensor> planned = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      planned.add(planned(names.get(i), sources.get(i), layout.dataStart() + begins.get(i)));
    }
    return new ArtifactPlan(
        target,
        adapter.name() + "-mlx-lora",
        false,
        List.of(
            layout.file("adapters.safetensors"),
            PlannedFile.whole("adapter_config.json", config(model, adapter, rank, scale))),
        planned,
        List.of());
  }

  /** With zeros for the ranks that others have and it has not. */
  private static StoredTensor filled(StoredTensor factor, long rows, long columns) {
    return factor.rows() == rows && factor.columns() == columns
        ? factor
        : new Mosaic(factor.name(), rows, columns, List.of(new Mosaic.Piece(factor, 0, 0, 1)));
  }

  private static List<Long> turned(StoredTensor factor) {
    return List.of(factor.columns(), factor.rows());
  }

  private static PlannedTensor planned(String name, StoredTensor source, long at) {
    return new PlannedTensor(
        name,
        "F32",
        turned(source),
        FORMAT.bytes(source.elements()),
        source,
        true,
        (x, rows, columns, out) -> FORMAT.encode(x, 0, rows * columns, out[0], 0),
        List.of(new Part(0, at, FORMAT.bytes(source.rows()))));
  }

  /** The keys are names within a layer, of modules that all layers get, or of one outside. */
  private static byte[] config(PhiModel model, LoraFactors adapter, int rank, float scale) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    config.put("fine_tune_type", "lora").put("num_layers", model.config().layers());
    ObjectNode parameters = config.putObject("lora_parameters");
    parameters.put("rank", rank).put("scale", (double) scale).put("dropout", 0.0);
    TreeSet<String> keys = new TreeSet<>();
    for (LoraFactors.Pair pair : adapter.pairs()) {
      keys.add(module(model, pair.tensor()).replaceFirst("^model\\.layers\\.\\d+\\.", ""));
    }
    keys.forEach(parameters.putArray("keys")::add);
    return PythonJson.bytes(config, 4, true);
  }

  private static String module(PhiModel model, String tensor) {
    Weight weight = model.weight(tensor);
    if (weight.role().isExpert() || weight.role() == Role.EMBEDDING) {
      throw new UserError(
          "mlx: the adapter changes '" + tensor + "', for which mlx-lm has another layer.",
          "Merge it with --lora.");
    }
    return MlxRecipe.path(weight);
  }
}
