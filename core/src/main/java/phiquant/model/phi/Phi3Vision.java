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
import phiquant.model.vision.ClipTower;
import phiquant.model.vision.Vision;

/**
 * Phi-3-vision and Phi-3.5-vision: a Phi-3 that also reads the image tokens that CLIP's tower and a
 * projector make of pictures. Source: the released modeling_phi3_v.py, image_embedding_phi3_v.py
 * and configuration_phi3_v.py.
 */
public final class Phi3Vision implements Architecture {
  private static final Phi3 TEXT = new Phi3();

  @Override
  public String className() {
    return "Phi3VForCausalLM";
  }

  @Override
  public String modelType() {
    return "phi3_v";
  }

  /**
   * Phi-3's, what its own class has beside them, and two weights that OpenVINO's tools put there.
   */
  @Override
  public ConfigKeys keys() {
    return TEXT.keys()
        .within(
            modelType(),
            Set.of(
                "embd_layer",
                "img_processor",
                "sub_GN",
                "glb_GN",
                "generation_config",
                "vision_config"));
  }

  @Override
  public List<Part> parts(PhiConfig config) {
    return TEXT.parts(config);
  }

  @Override
  public Optional<Vision> vision(Checkpoint checkpoint, PhiConfig config) {
    return Optional.of(ClipTower.of(checkpoint, config.hidden()));
  }

  @Override
  public Network network(PhiModel model) {
    return TEXT.network(model);
  }
}
