package phiquant.engine.mlx;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * A layer's experts as MLX has them: three tensors, {@code [experts, out, in]}, in place of three
 * of each expert. Source: {@code sanitize} in mlx-lm's {@code phimoe.py}.
 */
final class MlxExperts {
  /** How Hugging Face calls what MLX piles up. */
  private static final Map<String, String> MODULES =
      Map.of("gate_proj", "w1", "down_proj", "w2", "up_proj", "w3");

  private static final Pattern PILED =
      Pattern.compile(
          "(.*\\.block_sparse_moe\\.)switch_mlp\\.(gate_proj|up_proj|down_proj)\\.weight");

  private MlxExperts() {}

  /** A model's weights, its experts piled up under MLX's names. */
  static List<Weight> piled(PhiModel model) {
    return model.piled().stream().map(MlxExperts::named).toList();
  }

  private static Weight named(Weight weight) {
    if (!(weight.tensor() instanceof Piled piled)) {
      return weight;
    }
    String module =
        switch (weight.role()) {
          case EXPERT_GATE -> "gate_proj";
          case EXPERT_UP -> "up_proj";
          case EXPERT_DOWN -> "down_proj";
          default -> throw new IllegalArgumentException(weight.role() + " is no expert's");
        };
    String name = piled.name().replaceFirst("experts\\.0\\.w\\d", "switch_mlp." + module);
    return new Weight(weight.role(), weight.layer(), new Piled(name, piled.parts()));
  }

  /** Tensors of a folder, each expert under its own name. */
  static Map<String, StoredTensor> apart(Map<String, StoredTensor> tensors) {
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          Matcher piled = PILED.matcher(name);
          if (tensor.shape().size() != 3 || !piled.matches()) {
            all.put(name, tensor);
            return;
          }
          String module = MODULES.get(piled.group(2));
          List<String> names =
              IntStream.range(0, Math.toIntExact(tensor.shape().getFirst()))
                  .mapToObj(e -> piled.group(1) + "experts." + e + "." + module + ".weight")
                  .toList();
          Piled.apart(tensor, names).forEach(part -> all.put(part.name(), part));
        });
    return all;
  }
}
