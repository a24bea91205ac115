package phiquant.engine.mlx;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import phiquant.checkpoint.Piled;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;
import phiquant.model.Role;
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

  /** A model's weights, its experts piled up where the first of them was. */
  static List<Weight> piled(PhiModel model) {
    List<Weight> weights = new ArrayList<>();
    for (Weight weight : model.weights()) {
      String module = module(weight.role());
      if (module == null) {
        weights.add(weight);
      } else if (weight.name().contains(".experts.0.")) {
        List<StoredTensor> parts =
            model.weights(weight.role(), weight.layer()).stream().map(Weight::tensor).toList();
        String name = weight.name().replaceFirst("experts\\.0\\.w\\d", "switch_mlp." + module);
        weights.add(new Weight(weight.role(), weight.layer(), new Piled(name, parts)));
      }
    }
    return weights;
  }

  private static String module(Role role) {
    return switch (role) {
      case EXPERT_GATE -> "gate_proj";
      case EXPERT_UP -> "up_proj";
      case EXPERT_DOWN -> "down_proj";
      default -> null;
    };
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
