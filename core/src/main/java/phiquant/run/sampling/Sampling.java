package phiquant.run.sampling;

import com.fasterxml.jackson.databind.JsonNode;
import phiquant.UserError;

/**
 * How the next token is chosen from the model's logits.
 *
 * @param temperature divides the logits; 0 takes the most likely token (greedy)
 * @param topK only so many of the most likely tokens; 0: all
 * @param topP only the most likely tokens that have this probability together; 1: all
 * @param minP only tokens with this fraction of the likeliest token's probability; 0: all
 * @param repeatPenalty makes tokens of the last {@value Sampler#REPEAT_WINDOW} less likely; 1: no
 * @param seed of the random numbers: the same seed gives the same text
 */
public record Sampling(
    double temperature, int topK, double topP, double minP, double repeatPenalty, long seed) {
  /** The most likely token, always. */
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1, 0);

  public Sampling {
    check(temperature >= 0 && temperature <= 100, "temperature", temperature, "from 0 to 100");
    check(topK >= 0, "top-k", topK, "0 (all) or more");
    check(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1");
    check(minP >= 0 && minP <= 1, "min-p", minP, "from 0 to 1");
    check(
        repeatPenalty > 0 && repeatPenalty <= 10,
        "repeat-penalty",
        repeatPenalty,
        "above 0 and at most 10");
  }

  /** The same with other random numbers. */
  public Sampling withSeed(long other) {
    return new Sampling(temperature, topK, topP, minP, repeatPenalty, other);
  }

  private static void check(boolean right, String name, Number value, String range) {
    if (!right) {
      throw UserError.usage("%s is %s; it must be %s.".formatted(name, value, range));
    }
  }

  /**
   * What the model's makers recommend in generation_config.json: greedy unless {@code do_sample} is
   * true, then with transformers' defaults (temperature 1, top-k 50) where it is silent.
   */
  public static Sampling recommended(JsonNode generationConfig, long seed) {
    if (!generationConfig.path("do_sample").asBoolean(false)) {
      return new Sampling(0, 0, 1, 0, 1, seed);
    }
    return new Sampling(
        generationConfig.path("temperature").asDouble(1),
        generationConfig.path("top_k").asInt(50),
        generationConfig.path("top_p").asDouble(1),
        generationConfig.path("min_p").asDouble(0),
        generationConfig.path("repetition_penalty").asDouble(1),
        seed);
  }
}
