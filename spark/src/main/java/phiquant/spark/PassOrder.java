package phiquant.spark;

import java.io.Serializable;
import java.util.List;

/**
 * A pass over a model's weights, as it goes to the machines that do shares of it.
 *
 * @param run a name that no other has: places are used again when a run has failed
 * @param arguments of {@code quantize}, from which each makes the same plans
 * @param artifacts which of these plans are executed
 * @param places where the artifacts grow, in their order
 * @param hash of the plans
 * @param source stamp of the weights' files
 * @param version of phiquant
 * @param here whether the driver's own process does all, which has the plans and syncs the files
 */
record PassOrder(
    String run,
    List<String> arguments,
    List<Integer> artifacts,
    List<String> places,
    String hash,
    String source,
    String version,
    boolean here)
    implements Serializable {}
