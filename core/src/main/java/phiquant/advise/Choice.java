package phiquant.advise;

/**
 * One way to run a model on a device.
 *
 * @param engine its name in {@code engines.json}
 * @param precision {@code int4}, {@code int8}, {@code fp16} or {@code fp32}
 * @param target what {@code --to} takes
 * @param artifact name of the file or folder
 * @param artifactBytes all files of it, exactly as the plan says
 * @param cacheBytes of the key-value cache at the whole context
 * @param workBytes an allowance for activations and logits of a prompt's 512 tokens
 * @param fits whether the device has memory for the three together
 * @param slowest tokens per second at a full context with half of the bandwidth
 * @param fastest tokens per second at an empty context with four fifths of the bandwidth
 */
public record Choice(
    String engine,
    String precision,
    String target,
    String artifact,
    long artifactBytes,
    long cacheBytes,
    long workBytes,
    boolean fits,
    double slowest,
    double fastest) {
  /** Memory that it takes. */
  public long bytes() {
    return artifactBytes + cacheBytes + workBytes;
  }
}
