package phiquant.eval;

import java.util.Locale;
import java.util.Optional;
import phiquant.engine.Engine;
import phiquant.model.PhiConfig;

/**
 * Where an artifact's engine will rotate positions otherwise than the checkpoint says. Only models
 * with longrope are concerned; the rules were measured on the engines themselves (docs/evaluating).
 */
final class RopeWarnings {
  private RopeWarnings() {}

  /** What a user should know, if anything. */
  static Optional<String> of(Engine kind, PhiConfig config) {
    if (config.longRope().isEmpty()) {
      return Optional.empty();
    }
    PhiConfig.LongRope rope = config.longRope().get();
    int original = config.originalContextLength();
    boolean oneList = rope.shortFactors().equals(rope.longFactors());
    String what =
        switch (kind) {
          case GGUF ->
              "llama.cpp chooses longrope's factors by the context it is given (-c): one above %d"
                  + " answers otherwise even on short texts; --rope-rule llama measures that";
          case MLX ->
              oneList
                  ? "MLX uses the one list of factors that is in this artifact: right up to %d"
                      + " tokens if it was made with rope=short, otherwise only beyond"
                  : "MLX uses longrope's long factors at every length, so it answers otherwise up"
                      + " to %d tokens; --rope-rule long measures that";
          case ONNX ->
              "ONNX Runtime GenAI chooses longrope's factors by length; where decoding crosses %d"
                  + " tokens it keeps the old keys (it computes them anew only at 4097, for a batch"
                  + " of one); --rope-rule length measures that";
          case OPENVINO ->
              "OpenVINO chooses longrope's factors by length; where decoding crosses %d tokens it"
                  + " keeps the keys that were rotated by the short ones; --rope-rule length"
                  + " measures that";
          case CHECKPOINT -> null;
        };
    return Optional.ofNullable(what).map(text -> String.format(Locale.ROOT, text + ".", original));
  }
}
