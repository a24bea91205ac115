package phiquant.checkpoint;

import java.util.Map;
import java.util.TreeMap;

/**
 * What the weights of a checkpoint are stored as.
 *
 * @param shares bytes of each format, by its name
 * @param bytes of all
 * @param elements numbers that they hold
 */
public record StoredFormats(Map<String, Long> shares, long bytes, long elements) {
  /** Those of a checkpoint; reads no weight. */
  public static StoredFormats of(Checkpoint checkpoint) {
    Map<String, Long> shares = new TreeMap<>();
    long bytes = 0;
    long elements = 0;
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      shares.merge(tensor.format(), tensor.storedBytes(), Long::sum);
      bytes += tensor.storedBytes();
      elements += tensor.elements();
    }
    return new StoredFormats(shares, bytes, elements);
  }

  /** The mean, or 0 where there is no weight. */
  public double bitsPerWeight() {
    return elements == 0 ? 0 : 8.0 * bytes / elements;
  }
}
