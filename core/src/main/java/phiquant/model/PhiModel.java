package phiquant.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.vision.Siglip;
import phiquant.model.vision.Vision;

/**
 * What Phi is: the hyperparameters and every weight by role and layer. Its architecture says which
 * weights there are.
 *
 * @param architecture which member of the family it is
 * @param checkpoint where it comes from, seen as what it is
 * @param config hyperparameters
 * @param weights embedding, layers from the first to the last, output norm, head (if not tied)
 * @param vision what sees, if it has that; not among the weights
 * @param siglip what sees, if nothing is computed with it here; not among the weights
 * @param notices what a person should know of it, a sentence each: the checkpoint's, then what was
 *     found here
 */
public record PhiModel(
    Architecture architecture,
    Checkpoint checkpoint,
    PhiConfig config,
    List<Weight> weights,
    Optional<Vision> vision,
    Optional<Siglip> siglip,
    List<String> notices) {

  /**
   * Checks that a checkpoint's tensors fit its config.
   *
   * @throws UserError naming the fact that is not computed, or the tensor that is missing or
   *     misshapen
   */
  public static PhiModel of(Checkpoint stored, Architecture architecture) {
    ObjectNode json = stored.config();
    String where = stored.path() + ": config.json";
    Checkpoint checkpoint = TiedHead.settled(stored);
    PhiConfig config = PhiConfig.of(checkpoint.config(), where, architecture.keys());
    Set<String> notices = new LinkedHashSet<>(checkpoint.notices());
    notices.addAll(architecture.keys().notices(json, where));
    List<Weight> weights = collect(checkpoint, config, architecture.parts(config));
    Optional<Vision> vision = architecture.vision(checkpoint, config);
    Optional<Siglip> siglip = architecture.siglip(checkpoint, config);
    List<String> seen = new ArrayList<>(vision.stream().flatMap(Vision::names).toList());
    siglip.ifPresent(tower -> seen.addAll(tower.names()));
    notices.addAll(UncalledTensors.check(checkpoint, architecture.className(), weights, seen));
    vision.ifPresent(sight -> notices.addAll(sight.notices()));
    siglip.ifPresent(tower -> notices.addAll(tower.notices()));
    return new PhiModel(
        architecture, checkpoint, config, weights, vision, siglip, List.copyOf(notices));
  }

  /** The network that these are the weights of. */
  public Network network() {
    return architecture.network(this);
  }

  /**
   * The same model with other numbers in some of its weights.
   *
   * @param tensors of the same shapes, by the weights' names
   */
  public PhiModel with(Map<String, StoredTensor> tensors) {
    List<Weight> changed =
        weights.stream()
            .map(
                weight ->
                    tensors.containsKey(weight.name())
                        ? new Weight(
                            weight.role(),
                            weight.layer(),
                            weight.bias(),
                            tensors.get(weight.name()))
                        : weight)
            .toList();
    return new PhiModel(architecture, checkpoint, config, changed, vision, siglip, notices);
  }

  /** The weight of that role in that layer (-1 outside of layers). */
  public Weight weight(Role role, int layer) {
    return find(role, layer, false);
  }

  /** The bias beside it. */
  public Weight bias(Role role, int layer) {
    return find(role, layer, true);
  }

  /**
   * The weight of that name.
   *
   * @throws UserError if the model has none
   */
  public Weight weight(String name) {
    return weights.stream()
        .filter(weight -> weight.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new UserError(checkpoint.path() + " has no weight '" + name + "'."));
  }

  /** All weights of that role in that layer: one of each expert. */
  public List<Weight> weights(Role role, int layer) {
    return weights.stream()
        .filter(weight -> weight.role() == role && weight.layer() == layer && !weight.bias())
        .toList();
  }

  /**
   * All weights as engines keep them that pile up a layer's experts: those of one role as one, of
   * shape [experts, out, in], under the name and in the place of the first.
   */
  public List<Weight> piled() {
    Map<List<Object>, List<Weight>> piles = new LinkedHashMap<>();
    for (Weight weight : weights) {
      piles
          .computeIfAbsent(
              List.of(weight.role(), weight.layer(), weight.bias()), key -> new ArrayList<>())
          .add(weight);
    }
    return piles.values().stream().map(Weight::piled).toList();
  }

  private Weight find(Role role, int layer, boolean bias) {
    for (Weight weight : weights) {
      if (weight.role() == role && weight.layer() == layer && weight.bias() == bias) {
        return weight;
      }
    }
    throw new IllegalArgumentException("no " + role + " in layer " + layer);
  }

  /** Number of parameters of the text part; a tied head counts once. */
  public long parameters() {
    return weights.stream().mapToLong(weight -> weight.tensor().elements()).sum();
  }

  /** A model that is cut off after some layers runs, and talks nonsense. */
  private static void checkDepth(Checkpoint checkpoint, PhiConfig config) {
    String next = "model.layers." + config.layers() + ".";
    for (String name : checkpoint.tensors().keySet()) {
      if (name.startsWith(next)) {
        throw new UserError(
            checkpoint.path()
                + ": config.json says num_hidden_layers "
                + config.layers()
                + ", but there is '"
                + name
                + "' too.",
            "Check that config.json belongs to it.");
      }
    }
  }

  /** What {@link CalledTensors} has for the parts, the depth being checked before the last norm. */
  private static List<Weight> collect(
      Checkpoint checkpoint, PhiConfig config, List<Architecture.Part> parts) {
    CalledTensors called = new CalledTensors(checkpoint);
    List<Weight> weights = new ArrayList<>();
    for (Architecture.Part part : parts) {
      if (part.role() == Role.OUTPUT_NORM && !part.bias()) {
        checkDepth(checkpoint, config);
      }
      weights.add(called.weight(part));
    }
    return List.copyOf(weights);
  }
}
