package phiquant.study;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * How badly 8-bit integers fit the layers' matrices: by the weight's name, the largest of its rows'
 * mean squared errors. What NNCF ranks layers by when it has no data (DataFreeCriterion in {@code
 * mixed_precision.py}).
 */
public record LayerErrors() implements Study<Map<String, Float>> {
  /**
   * The matrices that have a place in the ranking, in the order of the model; experts as engines
   * pile them up. A router has none: it is small, and decides much.
   */
  public static List<Weight> ranked(PhiModel model) {
    return model.piled().stream()
        .filter(weight -> weight.isMatrix() && weight.layer() >= 0 && weight.role() != Role.ROUTER)
        .toList();
  }

  /** All alike. */
  @Override
  public Map<String, Float> assumed(PhiModel model) {
    return ranked(model).stream().collect(Collectors.toMap(Weight::name, unused -> 0f));
  }
}
