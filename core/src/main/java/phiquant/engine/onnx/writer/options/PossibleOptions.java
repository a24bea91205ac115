package phiquant.engine.onnx.writer.options;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.plan.AskedRecipe;
import phiquant.recipe.Allowance;
import phiquant.study.InputSquares;

/**
 * Which options there are for a format on a device. Those of GenAI's model builder have its names.
 */
public final class PossibleOptions {
  /** Options that choose formats, as a budget or a recipe does, or that take none of a recipe's. */
  public static final List<String> CHOOSING =
      List.of(
          "block_size",
          "is_symmetric",
          "algo_config",
          "matmul_mixed_precision",
          "nodes_to_exclude",
          "embedding",
          "use_qdq",
          "activations");

  private static final List<String> RECIPES =
      Stream.concat(Allowance.KEYS.stream(), Stream.of(AskedRecipe.FILE)).toList();

  private static final Set<String> OF_BLOCKS =
      Set.of(
          "block_size",
          "is_symmetric",
          "accuracy_level",
          "algo_config",
          "matmul_mixed_precision",
          "nodes_to_exclude",
          "embedding",
          "use_qdq",
          InputSquares.KEY);
  private static final Set<String> OF_ALL =
      Set.of(
          "device",
          FolderLayout.KEY,
          "shared_embeddings",
          "prune_lm_head",
          "exclude_embeds",
          "exclude_lm_head",
          "include_hidden_states",
          "vision");

  /** Graphs of fixed sizes begin and end as they have to; no zero points, see docs/npu.md. */
  private static final Set<String> OF_FIXED = Set.of("device", "shared_embeddings");

  private static final Set<String> NOT_OF_FIXED =
      Set.of("is_symmetric", "accuracy_level", "use_qdq");

  private PossibleOptions() {}

  /** Refuses options that a format does not have on a device, listing what it has. */
  static void check(Format format, ExecutionProvider device, boolean isStatic, Set<String> keys) {
    boolean fixed = device == ExecutionProvider.NPU;
    Set<String> possible = new TreeSet<>(fixed ? OF_FIXED : OF_ALL);
    if (isStatic && !(fixed && format == Format.INT4)) {
      possible.add("nodes_to_exclude");
    } else if (format.bits() > 0) {
      possible.addAll(OF_BLOCKS);
      possible.addAll(fixed ? List.of() : RECIPES);
    }
    if (fixed && format.bits() > 0) {
      possible.addAll(StaticActivations.OF_NPU);
    } else if (format == Format.INT8) {
      possible.addAll(StaticActivations.KEYS);
    }
    if (fixed) {
      possible.addAll(FixedSizes.KEYS);
      possible.removeAll(NOT_OF_FIXED);
    }
    for (String key : keys) {
      if (!possible.contains(key)) {
        if (key.equals(InputSquares.KEY)) {
          throw InputSquares.uselessFor(
              "onnx:" + format.label() + (isStatic ? ",activations=static" : ""));
        }
        throw UserError.usage(
            "onnx:%s%s has no option '%s'; it has %s."
                .formatted(
                    format.label(), fixed ? ",device=npu" : "", key, String.join(", ", possible)));
      }
    }
  }
}
