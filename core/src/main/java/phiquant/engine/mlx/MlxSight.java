package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Permuted;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.model.vision.Vision;

/**
 * What sees as mlx-vlm has it: all of the tower and the projector in floats ({@code
 * skip_multimodal_module} in its {@code utils.py}), also the layer that nothing uses, for its class
 * has CLIP's ViT-L/14-336 written in it ({@code models/phi3_v/vision.py}, 0.7.10).
 */
final class MlxSight {
  private static final int LAYERS = 24;
  private static final int WIDTH = 1024;

  /** What mlx-vlm takes out of generation_config.json; it keeps the whole beside. */
  private static final List<String> GENERATION =
      List.of("eos_token_id", "temperature", "top_p", "top_k", "do_sample");

  /** What it computes otherwise than the model's makers. */
  static final String DEPARTURE =
      "mlx-vlm 0.7.10 lays crops out wrongly where a picture has more than one column of them, so only"
          + " pictures at least three times as high as wide are seen right (with 4 crops); it squeezes"
          + " pictures where the model's makers fill up with white, and drops two tokens after each."
          + " phiquant computes the makers' function from the same folder.";

  private MlxSight() {}

  /**
   * Refuses a tower of another size than mlx-vlm's.
   *
   * @throws UserError saying so
   */
  static void require(Vision vision, PhiModel model) {
    int layers = vision.tower().blocks().size();
    int width = vision.tower().config().hidden();
    boolean unusedIsThere =
        vision.unused().stream().anyMatch(name -> name.contains(".layers." + layers + "."));
    if (layers != LAYERS - 1 || width != WIDTH || !unusedIsThere || !isConvolution(model)) {
      throw new UserError(
          "mlx: mlx-vlm loads a vision tower of %d layers of %d features, the last of which nothing uses; %s has %d that are used, of %d."
              .formatted(LAYERS, WIDTH, model.checkpoint().path(), layers, width),
          "Make it from the checkpoint that the model's makers released.");
    }
  }

  private static boolean isConvolution(PhiModel model) {
    return model.vision().orElseThrow().weights().stream()
        .filter(weight -> weight.name().endsWith(".patch_embedding.weight"))
        .allMatch(weight -> weight.tensor().shape().size() == 4);
  }

  /** All that sees, after the embedding, where mlx-vlm's class has it. */
  static List<MlxWeight> with(List<MlxWeight> text, PhiModel model, MlxRecipe recipe) {
    if (model.vision().isEmpty()) {
      return text;
    }
    Vision vision = model.vision().get();
    Stream<Weight> unused =
        vision.unused().stream()
            .map(name -> new Weight(Role.EMBEDDING, -1, model.checkpoint().tensors().get(name)));
    List<MlxWeight> all = new ArrayList<>(text.subList(0, 1));
    Stream.concat(vision.weights().stream().map(MlxSight::turned), unused)
        .map(weight -> MlxWeight.floats(weight, model, recipe))
        .forEach(all::add);
    all.addAll(text.subList(1, text.size()));
    return all;
  }

  /** MLX's convolutions have colors last. */
  private static Weight turned(Weight weight) {
    StoredTensor tensor = weight.tensor();
    boolean kernel = weight.name().endsWith(".patch_embedding.weight");
    return kernel && tensor.shape().getLast() > 3
        ? new Weight(weight.role(), weight.layer(), Permuted.channelsLast(tensor))
        : weight;
  }

  /** What its config.json has that mlx-lm's has not; and the other way round. */
  static void config(PhiModel model, ObjectNode config) {
    config.remove("torch_dtype");
    config.putObject("vision_config");
    model
        .checkpoint()
        .file("generation_config.json")
        .map(bytes -> Json.object(bytes, model.checkpoint().path() + "/generation_config.json"))
        .filter(generation -> !generation.isEmpty())
        .ifPresent(generation -> generation(generation, config));
  }

  private static void generation(JsonNode generation, ObjectNode config) {
    config.set("generation_config", generation);
    GENERATION.stream()
        .filter(generation::has)
        .forEach(key -> config.set(key, generation.get(key)));
  }
}
