package phiquant.engine.onnx.writer.options;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.study.ActivationRanges;
import phiquant.study.ValueRanges;

/**
 * What was asked for by {@code activations=static}: inputs of matrices rounded to grids that are
 * fixed beforehand.
 *
 * @param bits 8 or 16; absent: 8, or 16 where 8 would not do
 * @param ranges of the inputs on the text that calibrates them, which is in UTF-8
 * @param cacheBits of keys and values in an NPU's cache, 8 or 16
 */
public record StaticActivations(OptionalInt bits, ActivationRanges ranges, int cacheBits) {
  static final String CACHE = "cache_bits";

  /** The options that this reads. */
  static final Set<String> KEYS = Set.of("activations", "activation_bits", "calibration");

  /** Those for an NPU, where every value has 16 bits, but for the cache. */
  static final Set<String> OF_NPU = Set.of("activations", "calibration", CACHE);

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
    String cache = options.getOrDefault(CACHE, "16");
    if (!Set.of("8", "16").contains(cache)) {
      throw UserError.usage("onnx: cache_bits=" + cache + "; it can be 8, 16.");
    }
    return Optional.of(
        new StaticActivations(
            bits.equals("auto") ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(bits)),
            Optional.ofNullable(options.get("calibration"))
                .map(file -> new ActivationRanges(InputFile.text(Path.of(file))))
                .orElseGet(ActivationRanges::ofBuiltInText),
            Integer.parseInt(cache)));
  }

  /** Of all values on the same text. */
  public ValueRanges values() {
    return new ValueRanges(ranges.text());
  }
}
