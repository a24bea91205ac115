package phiquant.model;

import java.util.Optional;

/**
 * What brings each token's features to one scale.
 *
 * @param weight shape [features]
 * @param bias the same shape
 * @param epsilon added to the mean of squares
 */
public record Norm(Kind kind, Weight weight, Optional<Weight> bias, double epsilon) {
  /** Which mean is taken away, if any. */
  public enum Kind {
    /** {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019, arXiv:1910.07467). */
    ROOT_MEAN_SQUARE,
    /** The same of {@code x - mean(x)}, plus the bias (Ba et al. 2016, arXiv:1607.06450). */
    LAYER
  }

  /** A root mean square norm. */
  public static Norm rootMeanSquare(Weight weight, double epsilon) {
    return new Norm(Kind.ROOT_MEAN_SQUARE, weight, Optional.empty(), epsilon);
  }

  /** A layer norm. */
  public static Norm layer(Weight weight, Weight bias, double epsilon) {
    return new Norm(Kind.LAYER, weight, Optional.of(bias), epsilon);
  }

  /** The same with all that it gives multiplied. */
  public Norm times(double factor) {
    return new Norm(kind, weight.times(factor), bias.map(each -> each.times(factor)), epsilon);
  }
}
