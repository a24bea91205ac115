package phiquant.checkpoint.lora;

import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;

/**
 * Where in a model the tensor of an adapter's module is. Phi-3 keeps query, key and value in one
 * matrix, gate and up in another, one below the other in that order; adapters of a Llama that
 * computes the same have them apart, and are for rows of these.
 *
 * @param tensor name of the model's
 * @param first row of it
 * @param rows how many
 */
record AdaptedRows(String tensor, long first, long rows) {
  private static final String WEIGHT = ".weight";

  /** The place of a tensor under its own name, or as a part of a fused one. */
  static Optional<AdaptedRows> of(String name, Map<String, StoredTensor> model) {
    StoredTensor own = model.get(name);
    return own != null
        ? Optional.of(new AdaptedRows(name, 0, own.rows()))
        : name.endsWith(WEIGHT)
            ? part(name.substring(0, name.length() - WEIGHT.length()), model)
            : Optional.empty();
  }

  private static Optional<AdaptedRows> part(String module, Map<String, StoredTensor> model) {
    String inside = module.substring(0, module.lastIndexOf('.') + 1);
    String qkv = inside + "qkv_proj" + WEIGHT;
    String gateUp = inside + "gate_up_proj" + WEIGHT;
    StoredTensor output = model.get(inside + "o_proj" + WEIGHT);
    return switch (module.substring(inside.length())) {
      case "q_proj", "k_proj", "v_proj" ->
          model.containsKey(qkv) && output != null
              ? ofAttention(module.charAt(inside.length()), qkv, model.get(qkv), output.columns())
              : Optional.empty();
      case "gate_proj" -> half(gateUp, model, 0);
      case "up_proj" -> half(gateUp, model, 1);
      default -> Optional.empty();
    };
  }

  /** What attention puts out, which {@code o_proj} takes, is as wide as its queries. */
  private static Optional<AdaptedRows> ofAttention(
      char part, String name, StoredTensor whole, long queries) {
    long keys = (whole.rows() - queries) / 2;
    return Optional.of(
        switch (part) {
          case 'q' -> new AdaptedRows(name, 0, queries);
          case 'k' -> new AdaptedRows(name, queries, keys);
          default -> new AdaptedRows(name, queries + keys, keys);
        });
  }

  private static Optional<AdaptedRows> half(
      String name, Map<String, StoredTensor> model, int which) {
    return Optional.ofNullable(model.get(name))
        .map(both -> both.rows() / 2)
        .map(rows -> new AdaptedRows(name, which * rows, rows));
  }
}
