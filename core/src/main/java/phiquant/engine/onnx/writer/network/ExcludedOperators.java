package phiquant.engine.onnx.writer.network;

import java.util.LinkedHashSet;
import java.util.Set;
import phiquant.UserError;

/** What {@code nodes_to_exclude} names: operators whose weights stay as they are. */
public final class ExcludedOperators {
  private ExcludedOperators() {}

  /**
   * Holds the names against the operators that there are.
   *
   * @param products operators that multiply with weights
   * @throws UserError (usage) naming some of them
   */
  public static void refuseUnknown(Set<String> excluded, Set<String> products) {
    Set<String> unknown = new LinkedHashSet<>(excluded);
    unknown.removeAll(products);
    unknown.remove(Embedding.OPERATOR);
    if (!unknown.isEmpty()) {
      throw UserError.usage(
          "onnx: nodes_to_exclude names %s, which the graph does not have; it has %s and the like."
              .formatted(
                  String.join(", ", unknown),
                  String.join(", ", products.stream().limit(7).toList())));
    }
  }
}
