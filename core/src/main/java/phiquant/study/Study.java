package phiquant.study;

import phiquant.model.PhiModel;

/**
 * What a plan asks for before it decides: something that only a model's weights can tell. The plan
 * names it and gets the finding; who makes it, with how many threads, and whether it is known
 * already, is the pipeline's business. Equal ones are made once for all targets.
 *
 * @param <F> the finding
 */
public sealed interface Study<F>
    permits ActivationRanges, BestRecipe, InputSquares, LayerErrors, ValueRanges {
  /**
   * A finding as good as any other while nobody has read the weights: what outlines are made of.
   */
  F assumed(PhiModel model);
}
