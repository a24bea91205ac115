package phiquant.model;

/**
 * Root mean square normalization, {@code w · x / sqrt(mean(x²) + ε)} (Zhang and Sennrich 2019,
 * arXiv:1910.07467).
 *
 * @param weight shape [features]
 */
public record Norm(Weight weight, double epsilon) {}
