package phiquant.model;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.vision.Siglip;
import phiquant.model.vision.Vision;

/**
 * One member of the family: what its checkpoints hold, and the network that they are the weights
 * of. Everything that makes it differ from the others is in the one file that implements this.
 */
public interface Architecture {
  /** The name that {@code architectures} in config.json has for it. */
  String className();

  /** The name that {@code model_type} in config.json has for it. */
  String modelType();

  /** Which keys of config.json it knows. */
  ConfigKeys keys();

  /** The tensors that a configuration calls for, in the order of the model. */
  List<Part> parts(PhiConfig config);

  /** The network of a checkpoint's weights. */
  Network network(PhiModel model);

  /**
   * What a checkpoint has for a part, of what the network computes with: takes back what {@link
   * #network} makes of weights, for who reads graphs.
   */
  default StoredTensor stored(Part part, StoredTensor computed, PhiConfig config) {
    return computed;
  }

  /**
   * What sees, if it has that.
   *
   * @throws phiquant.UserError if its tensors are missing or misshapen
   */
  default Optional<Vision> vision(Checkpoint checkpoint, PhiConfig config) {
    return Optional.empty();
  }

  /**
   * What sees, if that is a tower that is only passed on to others.
   *
   * @throws phiquant.UserError if its tensors are missing or misshapen
   */
  default Optional<Siglip> siglip(Checkpoint checkpoint, PhiConfig config) {
    return Optional.empty();
  }

  /** What the network computes with and no checkpoint has, because it follows from config.json. */
  default List<Weight> implied(PhiConfig config) {
    return List.of();
  }

  /**
   * A tensor that has to be there.
   *
   * @param layer from 0, or -1 outside of layers
   * @param bias whether it is added to what the role's weight gives
   * @param name Hugging Face's
   * @param shape outermost dimension first
   */
  record Part(Role role, int layer, boolean bias, String name, List<Long> shape) {
    /** Where it is. */
    public Place place() {
      return new Place(role, layer);
    }

    /** A matrix or a norm's weight. */
    public static Part weight(Role role, int layer, String module, long... shape) {
      List<Long> dimensions = java.util.Arrays.stream(shape).boxed().toList();
      return new Part(role, layer, false, module + ".weight", dimensions);
    }

    /** A tensor whose name is no module's. */
    public static Part tensor(Role role, int layer, String name, long... shape) {
      return new Part(role, layer, false, name, java.util.Arrays.stream(shape).boxed().toList());
    }

    /** What is added beside it. */
    public static Part bias(Role role, int layer, String module, long features) {
      return new Part(role, layer, true, module + ".bias", List.of(features));
    }
  }
}
