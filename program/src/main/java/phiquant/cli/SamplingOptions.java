package phiquant.cli;

import phiquant.run.sampling.Sampling;
import picocli.CommandLine.Option;

/** How tokens are chosen: what is not given is as the model's makers recommend. */
final class SamplingOptions {
  @Option(
      names = "--temp",
      paramLabel = "T",
      description =
          "Temperature; 0 takes the likeliest token. Default for this and the next four: what the"
              + " model's generation_config.json says, else the likeliest token.")
  private Double temperature;

  @Option(names = "--top-k", paramLabel = "K", description = "Only the K likeliest tokens.")
  private Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Only the likeliest tokens with this probability together.")
  private Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Only tokens with this share of the likeliest one's probability.")
  private Double minP;

  @Option(
      names = "--repeat-penalty",
      paramLabel = "X",
      description = "Makes the last 64 tokens less likely; 1 does not.")
  private Double repeatPenalty;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The same seed gives the same text. Default: another one each time.")
  private Long seed;

  /** These options, over what is recommended. */
  Sampling over(Sampling recommended) {
    return new Sampling(
        temperature == null ? recommended.temperature() : temperature,
        topK == null ? recommended.topK() : topK,
        topP == null ? recommended.topP() : topP,
        minP == null ? recommended.minP() : minP,
        repeatPenalty == null ? recommended.repeatPenalty() : repeatPenalty,
        seed == null ? recommended.seed() : seed);
  }
}
