package phiquant.checkpoint.packed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import phiquant.UserError;

/**
 * How {@code quantization_config} says that weights are packed. Sources: gptqmodel 7.7.0 ({@code
 * nn_modules/qlinear}), AutoAWQ 0.2.9 ({@code modules/linear/gemm.py}), auto-round 0.16.1 ({@code
 * export_to_autoround}), compressed-tensors 0.20.1 ({@code pack_quantized}).
 *
 * @param packing whose words they are
 * @param bits of a code
 * @param group weights that share a scale; -1: whole rows
 * @param added what is added to a stored zero point: 1 in GPTQ's first form, which stores one less
 */
record Scheme(Packing packing, int bits, int group, int added) {
  /** Whose words. */
  enum Packing {
    GPTQ(".qweight"),
    AWQ(".qweight"),
    COMPRESSED(".weight_packed");

    private final String suffix;

    Packing(String suffix) {
      this.suffix = suffix;
    }

    /** What the name of packed codes ends with. */
    String suffix() {
      return suffix;
    }
  }

  /**
   * What a configuration says, if its method is one of these.
   *
   * @throws UserError naming what is not read
   */
  static Optional<Scheme> of(ObjectNode config, String where) {
    JsonNode stated = config.path("quantization_config");
    return switch (stated.path("quant_method").asText()) {
      case "gptq" -> Optional.of(gptq(stated, where));
      case "awq" -> Optional.of(awq(stated, where));
      case "auto-round", "intel/auto-round" -> Optional.of(autoRound(stated, where));
      case "compressed-tensors" -> Optional.of(compressed(stated, where));
      default -> Optional.empty();
    };
  }

  private static Scheme gptq(JsonNode stated, String where) {
    String form = stated.path("checkpoint_format").asText("gptq");
    if (!form.equals("gptq") && !form.equals("gptq_v2")) {
      throw refused(where, "checkpoint_format is " + form, "gptq and gptq_v2");
    }
    return new Scheme(
        Packing.GPTQ, bits(stated, where), group(stated), form.equals("gptq") ? 1 : 0);
  }

  private static Scheme awq(JsonNode stated, String where) {
    String version = stated.path("version").asText("gemm");
    if (!version.equalsIgnoreCase("gemm")) {
      throw refused(where, "version is " + version, "gemm");
    }
    if (bits(stated, where) != 4) {
      throw refused(where, "AWQ's bits are 8", "4");
    }
    return new Scheme(Packing.AWQ, 4, group(stated), 0);
  }

  private static Scheme autoRound(JsonNode stated, String where) {
    String packing = stated.path("packing_format").asText("auto_round:auto_gptq");
    int bits = bits(stated, where);
    if (packing.contains("awq")) {
      return new Scheme(Packing.AWQ, bits, group(stated), 0);
    }
    if (!packing.equals("auto_round") && !packing.contains("gptq")) {
      throw refused(where, "packing_format is " + packing, "auto_round, auto_gptq and auto_awq");
    }
    return new Scheme(Packing.GPTQ, bits, group(stated), packing.contains("gptq") ? 1 : 0);
  }

  private static Scheme compressed(JsonNode stated, String where) {
    String format = stated.path("format").asText();
    JsonNode groups = stated.path("config_groups");
    if (!format.equals("pack-quantized")) {
      throw refused(where, "format is " + format, "pack-quantized");
    }
    if (groups.size() != 1) {
      throw refused(where, "there are " + groups.size() + " config_groups", "one");
    }
    JsonNode weights = groups.elements().next().path("weights");
    String strategy = weights.path("strategy").asText();
    if (!strategy.equals("group") && !strategy.equals("channel")) {
      throw refused(where, "weights' strategy is " + strategy, "group and channel");
    }
    if (!weights.path("type").asText("int").equals("int")) {
      throw refused(where, "weights' type is " + weights.path("type").asText(), "int");
    }
    if (!stated.path("transform_config").isEmpty()) {
      throw refused(where, "there is a transform_config", "none");
    }
    int group = strategy.equals("channel") ? -1 : weights.path("group_size").asInt(-1);
    return new Scheme(Packing.COMPRESSED, bits(weights, where), group, 0);
  }

  private static int bits(JsonNode stated, String where) {
    JsonNode bits = stated.has("num_bits") ? stated.path("num_bits") : stated.path("bits");
    if (bits.asInt() != 4 && bits.asInt() != 8) {
      throw refused(where, "weights have " + bits.asText("no") + " bits", "4 and 8");
    }
    return bits.asInt();
  }

  private static int group(JsonNode stated) {
    return stated.path("group_size").asInt(128);
  }

  private static UserError refused(String where, String fact, String read) {
    return new UserError(
        "%s: quantization_config: %s; phiquant reads %s."
            .formatted(where, fact.length() > 80 ? fact.substring(0, 80) + "…" : fact, read),
        "Start from the original weights.");
  }
}
