package phiquant.engine.onnx.writer.options;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.study.ActivationRanges;

/**
 * What was asked for by {@code activations=static}: inputs of matrices rounded to grids that are
 * fixed beforehand.
 *
 * @param bits 8 or 16; absent: 8, or 16 where 8 would not do
 * @param ranges of the inputs on the text that calibrates them, which is in UTF-8
 */
public record StaticActivations(OptionalInt bits, ActivationRanges ranges) {
  /** The options that this reads. */
  static final Set<String> KEYS = Set.of("activations", "activation_bits", "calibration");

  static Optional<StaticActivations> of(Map<String, String> options) {
    String kind = options.get("activations");
    if (kind == null) {
      return Optional.empty();
    }
    if (!kind.equals("static")) {
      throw UserError.usage("onnx: activations=" + kind + "; it can be static.");
    }
    String bits = options.getOrDefault("activation_bits", "auto");
    if (!Set.of("auto", "8", "16").contains(bits)) {
      throw UserError.usage("onnx: activation_bits=" + bits + "; it can be auto, 8, 16.");
    }
    return Optional.of(
        new StaticActivations(
            bits.equals("auto") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(bits)),
            Optional.ofNullable(options.get("calibration"))
                .map(file -> new ActivationRanges(InputFile.text(Path.of(file))))
                .orElseGet(ActivationRanges::ofBuiltInText)));
  }
}
