package phiquant.eval;

import java.util.List;

/**
 * What came out when a model was examined.
 *
 * @param scores for each of the activations
 * @param costs of running it with the first of them
 * @param said tokens that it answered with, for each question
 * @param errors of each weight; empty for the original
 */
public record Examined(
    List<Scores> scores, Result.Costs costs, List<int[]> said, List<TensorError> errors) {}
