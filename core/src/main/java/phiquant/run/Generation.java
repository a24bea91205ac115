package phiquant.run;

import java.util.List;
import phiquant.run.sampling.Sampling;

/**
 * What is asked of one answer.
 *
 * @param maxTokens it ends after so many tokens at the latest
 * @param sampling how tokens are chosen
 * @param stops texts that end it; they are not part of it
 */
public record Generation(int maxTokens, Sampling sampling, List<String> stops) {
  public Generation {
    stops = stops.stream().filter(stop -> !stop.isEmpty()).toList();
  }
}
