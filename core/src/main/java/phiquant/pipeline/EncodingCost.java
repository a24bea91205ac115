package phiquant.pipeline;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a run costs, so that shares of a pass take about the same time. Only ratios matter, and only
 * roughly, since the last shares are short: of formats whose encoders search, such as llama.cpp's
 * i-quants, a weight takes a hundred times as long as where it is rounded. Nanoseconds of one core
 * are those of bench/RESULTS.md, under GGUF.
 */
final class EncodingCost {
  /** To read a weight and make it a float. */
  private static final double READ = 0.4;

  /** Formats whose codes are computed, and all that are copied. */
  private static final double ROUNDED = 1.2;

  /** Nanoseconds per weight of those that are not {@link #ROUNDED}, by how their names begin. */
  private static final List<Map.Entry<String, Double>> SEARCHED =
      List.of(
          Map.entry("IQ1", 54.0),
          Map.entry("IQ2", 82.0),
          Map.entry("IQ3", 94.0),
          Map.entry("IQ4", 21.0),
          Map.entry("Q2_K", 6.0),
          Map.entry("Q3_K", 8.5),
          Map.entry("Q4_K", 8.2),
          Map.entry("Q5_K", 7.3),
          Map.entry("Q6_K", 4.9));

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
