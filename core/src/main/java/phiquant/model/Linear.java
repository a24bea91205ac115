package phiquant.model;

/**
 * A product with a matrix.
 *
 * @param weight shape [features out, features in]
 */
public record Linear(Weight weight) {}
