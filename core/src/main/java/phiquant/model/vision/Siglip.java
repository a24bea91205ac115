package phiquant.model.vision;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Architecture.Part;
import phiquant.model.CalledTensors;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * The tower of a Phi-4-reasoning-vision and its projector: SigLIP 2 (Tschannen et al. 2025,
 * arXiv:2502.14786) in its form for pictures of any sides. Nothing is computed with it here; its
 * weights are found and checked so that they can be written for an engine that does.
 *
 * @param width features of a patch
 * @param wide features within a feed-forward part
 * @param layers those whose output is used
 * @param patch pixels along the side of a patch
 * @param positions along both sides of a square, whose embeddings are stretched to a picture's
 * @param weights all that are used
 * @param unused names of tensors that nothing computes with
 */
public record Siglip(
    int width,
    int wide,
    int layers,
    int heads,
    int patch,
    int positions,
    double epsilon,
    List<Weight> weights,
    List<String> unused) {
  /** What the names of a tower's tensors begin with. */
  public static final String TOWER = "model.vision_tower.vision_tower.vision_model.";

  /** What the names of a projector's tensors begin with. */
  public static final String PROJECTOR = "model.mm_projector.";

  private static final int COLORS = 3;

  /** The output that the projector takes: that of the layer before the last. */
  private static final int NEXT_TO_LAST = -2;

  /**
   * That of a checkpoint.
   *
   * @param hidden features of a token of the text part
   * @throws UserError if its config.json says another function, or a tensor is missing or misshapen
   */
  public static Siglip of(Checkpoint checkpoint, int hidden) {
    return new Finder(checkpoint).siglip(hidden);
  }

  private static final class Finder {
    private final Checkpoint checkpoint;
    private final JsonNode facts;
    private final CalledTensors called;
    private final List<Weight> weights = new ArrayList<>();

    Finder(Checkpoint checkpoint) {
      this.checkpoint = checkpoint;
      this.facts = checkpoint.config().path("vision_config");
      this.called = new CalledTensors(checkpoint);
    }

    Siglip siglip(int hidden) {
      JsonNode config = checkpoint.config();
      expect(config, "mm_projector_type", "mlp2x_gelu");
      expect(config, "mm_vision_select_layer", Integer.toString(NEXT_TO_LAST));
      expect(facts, "model_type", "siglip2_vision_model");
      expect(facts, "hidden_act", "gelu_pytorch_tanh");
      expect(facts, "num_channels", Integer.toString(COLORS));
      int width = number("hidden_size");
      int wide = number("intermediate_size");
      int all = number("num_hidden_layers");
      int patch = number("patch_size");
      int places = number("num_patches");
      int side = (int) Math.round(Math.sqrt(places));
      double epsilon = facts.path("layer_norm_eps").asDouble();
      if (side * side != places || all < 2 || width % number("num_attention_heads") != 0) {
        throw wrong("describes no tower of SigLIP's");
      }
      if (!(epsilon > 0)) {
        throw wrong("has no layer_norm_eps");
      }
      linear(PROJECTOR + "0", hidden, width);
      linear(PROJECTOR + "2", hidden, hidden);
      linear(TOWER + "embeddings.patch_embedding", width, (long) COLORS * patch * patch);
      add(Part.weight(Role.EMBEDDING, -1, TOWER + "embeddings.position_embedding", places, width));
      for (int layer = 0; layer < all - 1; layer++) {
        String at = TOWER + "encoder.layers." + layer + ".";
        norm(at + "layer_norm1", width);
        norm(at + "layer_norm2", width);
        linear(at + "mlp.fc1", wide, width);
        linear(at + "mlp.fc2", width, wide);
        for (String part : List.of("k_proj", "out_proj", "q_proj", "v_proj")) {
          linear(at + "self_attn." + part, width, width);
        }
      }
      return new Siglip(
          width,
          wide,
          all - 1,
          number("num_attention_heads"),
          patch,
          side,
          epsilon,
          List.copyOf(weights),
          unused(all - 1));
    }

    /** The last layer, the norm after it, and SigLIP's own head. */
    private List<String> unused(int last) {
      String layer = TOWER + "encoder.layers." + last + ".";
      return checkpoint.tensors().keySet().stream()
          .filter(
              name ->
                  name.startsWith(layer)
                      || name.startsWith(TOWER + "post_layernorm.")
                      || name.startsWith(TOWER + "head."))
          .toList();
    }

    private void linear(String module, long rows, long columns) {
      add(Part.weight(Role.EMBEDDING, -1, module, rows, columns));
      add(Part.bias(Role.EMBEDDING, -1, module, rows));
    }

    private void norm(String module, long features) {
      add(Part.weight(Role.ATTENTION_NORM, -1, module, features));
      add(Part.bias(Role.ATTENTION_NORM, -1, module, features));
    }

    private void add(Part part) {
      weights.add(called.weight(part));
    }

    private int number(String key) {
      int number = facts.path(key).asInt();
      if (number < 1 || number > 1 << 20) {
        throw wrong("has no " + key);
      }
      return number;
    }

    /** Absent, it is what the released configuration has. */
    private void expect(JsonNode part, String key, String value) {
      if (part.hasNonNull(key) && !part.path(key).asText().equals(value)) {
        throw new UserError(
            "%s: config.json: %s is another than the %s that phiquant knows."
                .formatted(checkpoint.path(), key, value));
      }
    }

    private UserError wrong(String what) {
      return new UserError(checkpoint.path() + ": config.json: vision_config " + what + ".");
    }
  }

  /** Tensors of the checkpoint that belong to it, used or not. */
  public List<String> names() {
    List<String> names = new ArrayList<>(unused);
    weights.forEach(weight -> names.add(weight.name()));
    return names;
  }

  /** Number of parameters that are used. */
  public long parameters() {
    return weights.stream().map(Weight::tensor).mapToLong(StoredTensor::elements).sum();
  }

  /** What a person should know. */
  public List<String> notices() {
    return List.of(
        "Its pictures are not read here: the text part is run and written, and gguf:mmproj writes"
            + " the tower for llama.cpp, which sees with it.");
  }
}
