package phiquant.quant.matmulnbits;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How scales and zero points are found, by the names that the model builder of ONNX Runtime GenAI
 * gives to its {@code algo_config}.
 */
public enum Algorithm {
  /** What the engine's own library does; symmetric scales are signed. */
  DEFAULT("default"),
  /** Round to nearest with positive scales. */
  RTN("rtn"),
  /** A search for the grid of least weighted error; always with zero points. */
  K_QUANT("k_quant");

  private final String label;

  Algorithm(String label) {
    this.label = label;
  }

  /** The builder's name. */
  public String label() {
    return label;
  }

  /** The algorithm of that name. */
  public static Optional<Algorithm> named(String label) {
    return Stream.of(values()).filter(algorithm -> algorithm.label.equals(label)).findFirst();
  }

  /** All names. */
  public static List<String> labels() {
    return Stream.of(values()).map(Algorithm::label).toList();
  }
}
