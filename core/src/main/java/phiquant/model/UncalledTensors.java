package phiquant.model;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;

/**
 * Looks at the tensors that no role calls for. Leaving one out may change what a model computes (a
 * bias, an adapter that was not merged, a second head), so it is refused by name; buffers that
 * follow from the configuration are known and left out.
 */
final class UncalledTensors {
  /** Frequencies of the rotary embedding, which transformers stored until 4.31. */
  private static final Pattern BUFFER = Pattern.compile("(.*\\.)?rotary_emb\\.inv_freq");

  private UncalledTensors() {}

  /**
   * Refuses what is not known.
   *
   * @param others names that are called for besides
   * @return what a person should know of the rest
   * @throws UserError naming a tensor that is not called for
   */
  static List<String> check(
      Checkpoint checkpoint, String className, List<Weight> weights, List<String> others) {
    Set<String> left = new LinkedHashSet<>(checkpoint.tensors().keySet());
    weights.forEach(weight -> left.remove(weight.tensor().name()));
    others.forEach(left::remove);
    long all = left.size();
    left.removeIf(name -> BUFFER.matcher(name).matches());
    if (!left.isEmpty()) {
      throw refusal(checkpoint, className, List.copyOf(left));
    }
    return all == 0
        ? List.of()
        : List.of("rotary_emb.inv_freq is left out: it follows from config.json.");
  }

  private static UserError refusal(Checkpoint checkpoint, String className, List<String> names) {
    String first = names.get(0);
    String which =
        names.size() == 1 ? "the tensor '" + first + "' is" : names.size() + " tensors are";
    String list = names.size() == 1 ? "" : " (" + Ignored.listed(names) + ")";
    String fact = checkpoint.path() + ": " + which + " not part of a " + className + list + ".";
    if (first.contains("lora_")) {
      return new UserError(
          fact, "It is an adapter that was not merged: use merge_and_unload() of PEFT first.");
    }
    return new UserError(
        fact,
        "If the model computes the same without it, leave it out with --ignore '"
            + first.replace(".", "\\.")
            + "'.");
  }
}
