package phiquant.run;

import java.util.List;
import java.util.Optional;
import phiquant.run.grammar.Grammar;
import phiquant.run.sampling.Sampling;

/**
 * What is asked of one answer.
 *
 * @param maxTokens it ends after so many tokens at the latest
 * @param sampling how tokens are chosen
 * @param stops texts that end it; they are not part of it
 * @param grammar what it has to be
 * @param marks the tokens between which tools are called
 * @param chances of how many of the likeliest tokens the chances are told, besides that of the one
 *     that came; -1: of none
 */
public record Generation(
    int maxTokens,
    Sampling sampling,
    List<String> stops,
    Optional<Grammar> grammar,
    Optional<Marks> marks,
    int chances) {
  /** The tokens before and after calls of tools. */
  public record Marks(int open, int close) {}

  public Generation {
    stops = stops.stream().filter(stop -> !stop.isEmpty()).toList();
  }

  /** Any text. */
  public Generation(int maxTokens, Sampling sampling, List<String> stops) {
    this(maxTokens, sampling, stops, Optional.empty(), Optional.empty(), -1);
  }

  /** The same with other random numbers. */
  public Generation withSeed(long seed) {
    return new Generation(maxTokens, sampling.withSeed(seed), stops, grammar, marks, chances);
  }
}
