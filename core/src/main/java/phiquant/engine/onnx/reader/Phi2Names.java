package phiquant.engine.onnx.reader;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.Renamed;
import phiquant.checkpoint.RowSlice;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Architecture.Part;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.phi.Phi2;

/**
 * The weights of a Phi-2's graph under their Hugging Face names. GenAI's builder names modules as
 * in a Phi-3, and fuses query, key and value where attention takes them as one.
 */
final class Phi2Names {
  private Phi2Names() {}

  /**
   * The weights that are there, in the order of the model.
   *
   * @param found by the names that a Phi-3's modules have
   */
  static Map<String, StoredTensor> of(Map<String, StoredTensor> found, PhiConfig config) {
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    for (Part part : new Phi2().parts(config)) {
      String module = module(part.role(), part.layer());
      String kind = part.bias() ? ".bias" : ".weight";
      Optional.ofNullable(found.get(module + kind))
          .or(
              () ->
                  Optional.ofNullable(found.get(fused(part.layer()) + kind))
                      .flatMap(whole -> slice(part, whole, config)))
          .ifPresent(tensor -> named.put(part.name(), as(part.name(), tensor)));
    }
    return named;
  }

  private static StoredTensor as(String name, StoredTensor tensor) {
    return tensor.name().equals(name) ? tensor : new Renamed(name, tensor);
  }

  private static String module(Role role, int layer) {
    String at = "model.layers." + layer + ".";
    return switch (role) {
      case EMBEDDING -> "model.embed_tokens";
      case ATTENTION_NORM -> at + "input_layernorm";
      case QUERY -> at + "self_attn.q_proj";
      case KEY -> at + "self_attn.k_proj";
      case VALUE -> at + "self_attn.v_proj";
      case ATTENTION_OUTPUT -> at + "self_attn.o_proj";
      case UP -> at + "mlp.fc1";
      case DOWN -> at + "mlp.fc2";
      case OUTPUT_NORM -> "model.norm";
      case HEAD -> "lm_head";
      default -> throw new IllegalArgumentException(role + " is not in a Phi-2");
    };
  }

  private static String fused(int layer) {
    return "model.layers." + layer + ".self_attn.qkv_proj";
  }

  /** Rows of the fused matrix; none if it has not as many as the configuration calls for. */
  private static Optional<StoredTensor> slice(Part part, StoredTensor whole, PhiConfig config) {
    long queries = (long) config.heads() * config.headSize();
    long keys = (long) config.kvHeads() * config.headSize();
    if (whole.shape().getFirst() != config.qkvRows()) {
      return Optional.empty();
    }
    return switch (part.role()) {
      case QUERY -> Optional.of(new RowSlice(part.name(), whole, 0, queries));
      case KEY -> Optional.of(new RowSlice(part.name(), whole, queries, keys));
      case VALUE -> Optional.of(new RowSlice(part.name(), whole, queries + keys, keys));
      default -> Optional.empty();
    };
  }
}
