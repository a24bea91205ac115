package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.study.LayerErrors;

/**
 * Which of the layers' matrices become 4-bit; the others stay at 8 bits. The embedding and the head
 * are never asked: they stay at 8 bits, as in NNCF, unless all layers are wanted.
 */
final class LayerChoice {
  private LayerChoice() {}

  /** The matrices of the transformer layers, in the order of the model, but for routers. */
  static List<Weight> candidates(PhiModel model) {
    return LayerErrors.ranked(model);
  }

  /**
   * Our own choice: what the residual stream gets, and the last layer, stay at 8 bits. The
   * attention's output and the feed-forward's down projection write straight into the stream that
   * all later layers read, so their errors accumulate, while errors of qkv and gate-up pass a
   * softmax or a gate first. After the last layer there is nothing that could make good for an
   * error before the head reads the stream. It needs no data and no search, and it is a property of
   * the architecture, which all Phi-3 and Phi-4 models share.
   */
  static Set<Weight> auto(PhiModel model) {
    int last = model.config().layers() - 1;
    Set<Weight> chosen = new HashSet<>();
    for (Weight weight : candidates(model)) {
      if (weight.role() != Role.DOWN
          && weight.role() != Role.EXPERT_DOWN
          && weight.role() != Role.ATTENTION_OUTPUT
          && weight.layer() != last) {
        chosen.add(weight);
      }
    }
    return chosen;
  }

  /**
   * The layers whose name matches.
   *
   * @throws UserError (usage) if none does, which is a slip or a word that means nothing here
   */
  static Set<Weight> matching(PhiModel model, Pattern names) {
    Set<Weight> chosen = new HashSet<>();
    for (Weight weight : candidates(model)) {
      if (names.matcher(weight.name()).find()) {
        chosen.add(weight);
      }
    }
    if (chosen.isEmpty()) {
      throw UserError.usage(
          "openvino: layers=%s is none of auto, nncf, all, and no layer's name matches it; they are like %s."
              .formatted(names, candidates(model).getFirst().name()));
    }
    return chosen;
  }

  /**
   * NNCF's choice without data ({@code mixed_precision.py}, DataFreeCriterion): layers in falling
   * order of their error as 8-bit integers become 4-bit while their share of the parameters stays
   * below the ratio.
   */
  static Set<Weight> nncf(PhiModel model, double ratio, Map<String, Float> errors) {
    List<Weight> candidates = candidates(model);
    long all = candidates.stream().mapToLong(weight -> weight.tensor().elements()).sum();
    List<Scored> scored = new ArrayList<>();
    for (Weight weight : candidates) {
      scored.add(new Scored(weight, 1 / (errors.get(weight.name()) + Math.ulp(1f))));
    }
    scored.sort(Comparator.comparingDouble(Scored::score));
    Set<Weight> chosen = new HashSet<>();
    long parameters = 0;
    for (Scored next : scored) {
      parameters += next.weight().tensor().elements();
      if ((double) parameters / all >= ratio) {
        break;
      }
      chosen.add(next.weight());
    }
    return chosen;
  }

  private record Scored(Weight weight, float score) {}
}
