package phiquant.engine.onnx;

import java.util.Optional;

/**
 * What operators are called that multiply with a tower's or a projector's weights, for writing and
 * reading alike: the module's name in the checkpoint as a path, and what the operator does there.
 * No builder makes these graphs from parts, so the names are ours.
 */
public final class TowerNames {
  /** What all of them begin with. */
  public static final String ROOT = "/model/vision_embed_tokens";

  private static final String MODULE = "model.vision_embed_tokens.";

  private TowerNames() {}

  /** The operator of that kind in the module that a tensor belongs to. */
  public static String operator(String tensor, String does) {
    String module = tensor.replaceFirst("\\.(weight|bias)$", "");
    return "/" + module.replaceAll("\\.(?!\\d)", "/") + "/" + does;
  }

  /** The module of the checkpoint that an operator's path names, if it is one of what sees. */
  public static Optional<String> module(String path) {
    String module = path.isEmpty() ? "" : path.substring(1).replace('/', '.');
    return module.startsWith(MODULE) ? Optional.of(module) : Optional.empty();
  }
}
