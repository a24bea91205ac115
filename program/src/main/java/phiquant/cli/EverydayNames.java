package phiquant.cli;

import phiquant.UserError;

/** The precisions by the names that everybody uses, as each engine's format. */
final class EverydayNames {
  private EverydayNames() {}

  static String format(String engine, String precision) {
    if (!precision.matches("int4|int8|fp16|fp32")) {
      throw UserError.usage(
          "--precision is '" + precision + "'; it can be int4, int8, fp16, fp32.");
    }
    return switch (engine) {
      case "gguf" ->
          switch (precision) {
            case "int4" -> "Q4_K_M";
            case "int8" -> "Q8_0";
            case "fp16" -> "F16";
            default -> "F32";
          };
      case "mlx" ->
          switch (precision) {
            case "int4" -> "4bit";
            case "int8" -> "8bit";
            default -> precision;
          };
      default -> precision;
    };
  }
}
