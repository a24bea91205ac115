package phiquant.engine;

import java.util.Map;
import java.util.function.Function;
import phiquant.UserError;
import phiquant.engine.gguf.writer.Gguf;
import phiquant.engine.mlx.MlxOptions;
import phiquant.engine.onnx.writer.Onnx;
import phiquant.engine.openvino.writer.OpenVino;
import phiquant.engine.safetensors.Safetensors;

/** The engines that phiquant writes for: a line each. */
public final class Targets {
  private static final Map<String, Function<TargetSpec, Target>> ENGINES =
      Map.of(
          "gguf",
          Gguf::target,
          "mlx",
          MlxOptions::target,
          "onnx",
          Onnx::target,
          "openvino",
          OpenVino::target,
          "safetensors",
          Safetensors::target);

  private Targets() {}

  /** The target that a spec asks for; a usage error lists the engines if there is no such one. */
  public static Target of(TargetSpec spec) {
    Function<TargetSpec, Target> engine = ENGINES.get(spec.engine());
    if (engine == null) {
      throw UserError.usage(
          "There is no engine '%s'; there is %s."
              .formatted(
                  spec.engine(), String.join(", ", ENGINES.keySet().stream().sorted().toList())));
    }
    return engine.apply(spec);
  }
}
