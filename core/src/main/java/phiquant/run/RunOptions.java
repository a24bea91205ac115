package phiquant.run;

import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;

/**
 * How a model is run.
 *
 * @param threads that compute, the caller's included; at least 1
 * @param activations precision of the inputs of linear layers
 * @param ropeRule when longrope's long factors are used
 * @param cacheType what keys and values are kept as
 */
public record RunOptions(
    int threads, Activations activations, LongRopeRule ropeRule, CacheType cacheType) {
  public RunOptions {
    if (threads < 1) {
      throw phiquant.UserError.usage("It takes at least one thread to run a model.");
    }
  }

  /** As many threads as the machine has processors, int8 activations, an f16 cache. */
  public static RunOptions defaults() {
    return new RunOptions(
        Runtime.getRuntime().availableProcessors(),
        Activations.INT8,
        LongRopeRule.CHECKPOINT,
        CacheType.F16);
  }

  /** Nothing rounded that the file has not rounded: to judge the weights alone. */
  public static RunOptions exact() {
    return new RunOptions(
        Runtime.getRuntime().availableProcessors(),
        Activations.F32,
        LongRopeRule.CHECKPOINT,
        CacheType.F32);
  }
}
