package phiquant.study;

import java.util.Map;
import java.util.TreeMap;
import phiquant.model.PhiModel;
import phiquant.model.ValueNames;

/**
 * How far every value between a network's verbs reaches when the model reads a text, by the names
 * of {@link ValueNames}: what graphs need in which nothing is a float.
 *
 * @param text that the model reads
 */
public record ValueRanges(String text) implements Study<Map<String, ActivationRange>> {
  private static final ActivationRange EVEN = new ActivationRange(-1, 1, 1.0 / 3);

  @Override
  public Map<String, ActivationRange> assumed(PhiModel model) {
    Map<String, ActivationRange> ranges = new TreeMap<>();
    ValueNames.of(model.network(), name -> ranges.put(name, EVEN));
    return ranges;
  }
}
