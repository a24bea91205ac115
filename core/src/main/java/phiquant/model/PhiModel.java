package phiquant.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.ConfigForm;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.StoredTensor;

/**
 * What Phi is: the hyperparameters and every weight by role and layer. The one place that knows the
 * names that Hugging Face gives to the weights of a {@code Phi3ForCausalLM}.
 *
 * @param checkpoint where it comes from, seen as what it is
 * @param config hyperparameters
 * @param weights embedding, layers from the first to the last, output norm, head (if not tied)
 * @param notices what a person should know of it, a sentence each: the checkpoint's, then what was
 *     found here
 */
public record PhiModel(
    Checkpoint checkpoint, PhiConfig config, List<Weight> weights, List<String> notices) {
  private static final String SUPPORTED =
      "Supported: Phi3ForCausalLM (Phi-3 mini and medium, Phi-3.5-mini, Phi-4, Phi-4-mini and their"
          + " reasoning variants), and a LlamaForCausalLM that computes the same.";

  /**
   * Checks that a checkpoint is a Phi that phiquant knows and that its tensors fit its config.
   *
   * @throws UserError naming the architecture, or the tensor that is missing or misshapen
   */
  public static PhiModel of(Checkpoint stored) {
    ObjectNode json = stored.config();
    String where = stored.path() + ": config.json";
    String architecture = ConfigForm.architecture(json);
    // The rest of the family (Phi-1 to Phi-2, Phi-3-small, Phi-3.5-MoE, the multimodal ones) has
    // other weights and gets its own branch here.
    if (!ConfigForm.isPhi3(json)) {
      String why =
          ConfigForm.isLlama(json)
              ? ConfigForm.difference(json).map(fact -> " where " + fact).orElse("")
              : "";
      throw new UserError(
          where + " describes a '" + architecture + "'" + why + ", which is not supported.",
          SUPPORTED);
    }
    Checkpoint checkpoint = TiedHead.settled(stored);
    PhiConfig config = PhiConfig.of(checkpoint.config(), where);
    Set<String> notices = new LinkedHashSet<>(checkpoint.notices());
    notices.addAll(ConfigKeys.notices(json, where));
    List<Weight> weights = new Collector(checkpoint, config).collect();
    notices.addAll(Leftovers.check(checkpoint, weights));
    return new PhiModel(checkpoint, config, weights, List.copyOf(notices));
  }

  /** The weight of that role in that layer (-1 outside of layers). */
  public Weight weight(Role role, int layer) {
    for (Weight weight : weights) {
      if (weight.role() == role && weight.layer() == layer) {
        return weight;
      }
    }
    throw new IllegalArgumentException("no " + role + " in layer " + layer);
  }

  /** Number of parameters; a tied head counts once. */
  public long parameters() {
    return weights.stream().mapToLong(weight -> weight.tensor().elements()).sum();
  }

  /** Gathers the weights that the configuration calls for and checks their shapes. */
  private static final class Collector {
    private final Checkpoint checkpoint;
    private final PhiConfig config;
    private final Map<String, StoredTensor> tensors;
    private final List<Weight> weights = new ArrayList<>();

    Collector(Checkpoint checkpoint, PhiConfig config) {
      this.checkpoint = checkpoint;
      this.config = config;
      this.tensors = checkpoint.tensors();
    }

    List<Weight> collect() {
      long hidden = config.hidden();
      long feedForward = config.feedForward();
      long attention = (long) config.heads() * config.headSize();
      add(Role.EMBEDDING, -1, "model.embed_tokens.weight", config.vocabulary(), hidden);
      for (int i = 0; i < config.layers(); i++) {
        String layer = "model.layers." + i + ".";
        add(Role.ATTENTION_NORM, i, layer + "input_layernorm.weight", hidden);
        add(Role.QKV, i, layer + "self_attn.qkv_proj.weight", config.qkvRows(), hidden);
        add(Role.ATTENTION_OUTPUT, i, layer + "self_attn.o_proj.weight", hidden, attention);
        add(Role.FEED_FORWARD_NORM, i, layer + "post_attention_layernorm.weight", hidden);
        add(Role.GATE_UP, i, layer + "mlp.gate_up_proj.weight", 2 * feedForward, hidden);
        add(Role.DOWN, i, layer + "mlp.down_proj.weight", hidden, feedForward);
      }
      checkDepth();
      add(Role.OUTPUT_NORM, -1, "model.norm.weight", hidden);
      if (!config.tiedHead()) {
        add(Role.HEAD, -1, "lm_head.weight", config.vocabulary(), hidden);
      }
      return List.copyOf(weights);
    }

    /** A model that is cut off after some layers runs, and talks nonsense. */
    private void checkDepth() {
      String next = "model.layers." + config.layers() + ".";
      for (String name : tensors.keySet()) {
        if (name.startsWith(next)) {
          throw new UserError(
              checkpoint.path()
                  + ": config.json says num_hidden_layers "
                  + config.layers()
                  + ", but there is '"
                  + name
                  + "' too.",
              "Check that config.json belongs to it.");
        }
      }
    }

    private void add(Role role, int layer, String name, Long[] shape) {
      StoredTensor tensor = tensors.get(name);
      if (tensor == null) {
        throw new UserError(
            checkpoint.path() + ": the tensor '" + name + "' is missing.",
            "Download the checkpoint again, or check that config.json belongs to it.");
      }
      if (DType.named(tensor.format()).filter(type -> !type.isWeight()).isPresent()) {
        throw new UserError(
            checkpoint.path()
                + ": the tensor '"
                + name
                + "' is stored as "
                + tensor.format()
                + ", which phiquant does not read as weights.",
            "It reads F32, F16 and BF16, and MLX's codes where config.json says how they are"
                + " quantized: check that config.json belongs to it.");
      }
      if (!tensor.shape().equals(List.of(shape))) {
        throw new UserError(
            checkpoint.path()
                + ": the tensor '"
                + name
                + "' has the shape "
                + tensor.shape()
                + ", but config.json calls for "
                + List.of(shape)
                + ".");
      }
      weights.add(new Weight(role, layer, tensor));
    }

    private void add(Role role, int layer, String name, long rows, long columns) {
      add(role, layer, name, new Long[] {rows, columns});
    }

    private void add(Role role, int layer, String name, long columns) {
      add(role, layer, name, new Long[] {columns});
    }
  }
}
