package phiquant.model.phi;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.Checkpoint;
import phiquant.model.Architecture;
import phiquant.model.ConfigKeys;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.vision.Siglip;

/**
 * Phi-4-reasoning-vision: Phi-4's text part, which also reads what SigLIP's tower and a projector
 * make of pictures. Source: {@code Phi4ForCausalLMV} in llama.cpp's converter, which reads the
 * released checkpoint.
 */
public final class Phi4Vision implements Architecture {
  private static final Phi3 TEXT = new Phi3();

  @Override
  public String className() {
    return "Phi4ForCausalLMV";
  }

  @Override
  public String modelType() {
    return "phi4-siglip";
  }

  /** Phi-3's, and what its own class has beside them. */
  @Override
  public ConfigKeys keys() {
    return TEXT.keys()
        .within(
            modelType(),
            Set.of(
                "vision_config",
                "mm_hidden_size",
                "mm_projector_type",
                "mm_vision_select_layer",
                "min_num_patches",
                "max_num_patches"));
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    return TEXT.parts(config);
  }

  @Override
  public Optional<Siglip> siglip(Checkpoint checkpoint, PhiConfig config) {
    return Optional.of(Siglip.of(checkpoint, config.hidden()));
  }

  @Override
  public Network network(PhiModel model) {
    return TEXT.network(model);
  }
}
