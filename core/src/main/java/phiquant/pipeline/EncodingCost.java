package phiquant.pipeline;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run costs, so that shares of a pass take about the same time. Only ratios matter: of
 * formats whose encoders search, such as llama.cpp's i-quants, a weight takes a hundred times as
 * long as where it is rounded. Measured on one core, see bench/RESULTS.md.
 */
final class EncodingCost {
  /** To read a weight and make it a float. */
  private static final double READ = 0.4;

  /** Formats whose codes are computed, and all that are copied. */
  private static final double ROUNDED = 1.2;

  /** Nanoseconds per weight of those that are not {@link #ROUNDED}, by how their names begin. */
  private static final List<Map.Entry<String, Double>> SEARCHED =
      List.of(
          Map.entry("IQ4", 20.0),
          Map.entry("IQ", 60.0),
          Map.entry("Q2_K", 8.0),
          Map.entry("Q3_K", 8.0),
          Map.entry("Q4_K", 8.0),
          Map.entry("Q5_K", 8.0),
          Map.entry("Q6_K", 6.0));

  private EncodingCost() {}

  /** Nanoseconds. */
  static double of(Run run) {
    double each = READ;
    for (Piece piece : run.wanted()) {
      each += perWeight(piece.tensor().format());
    }
    return each * run.rows() * run.columns();
  }

  private static double perWeight(String format) {
    String name = format.toUpperCase(Locale.ROOT);
    return SEARCHED.stream()
        .filter(entry -> name.startsWith(entry.getKey()))
        .findFirst()
        .map(Map.Entry::getValue)
        .orElse(ROUNDED);
  }
}
