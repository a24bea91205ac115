package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint that is seen otherwise than it is stored: without some tensors, with another fact in
 * its configuration, with a file that it does not have. Whoever works on it needs to know nothing
 * of that.
 *
 * @param stored what it is; closes with this one
 * @param config instead of its config.json
 * @param tensors instead of its own
 * @param notices instead of its own
 * @param files beside its own or in their place, by name
 */
public record CheckpointView(
    Checkpoint stored,
    ObjectNode config,
    Map<String, StoredTensor> tensors,
    List<String> notices,
    Map<String, byte[]> files)
    implements Checkpoint {
  /** One with its own files. */
  public CheckpointView(
      Checkpoint stored,
      ObjectNode config,
      Map<String, StoredTensor> tensors,
      List<String> notices) {
    this(stored, config, tensors, notices, Map.of());
  }

  /** One with some files beside its own or in their place. */
  public static CheckpointView with(Map<String, byte[]> files, Checkpoint stored) {
    return new CheckpointView(
        stored, stored.config(), stored.tensors(), stored.notices(), Map.copyOf(files));
  }

  @Override
  public Path path() {
    return stored.path();
  }

  /** Another configuration is a file as transformers writes it. */
  @Override
  public Optional<byte[]> file(String name) {
    if (files.containsKey(name)) {
      return Optional.of(files.get(name));
    }
    return name.equals("config.json") && !config.equals(stored.config())
        ? Optional.of(PythonJson.bytes(config, 2, true))
        : stored.file(name);
  }

  @Override
  public boolean isQuantized() {
    return stored.isQuantized();
  }

  @Override
  public Map<String, Integer> operators() {
    return stored.operators();
  }

  @Override
  public Checkpoint opened() {
    return stored.opened();
  }

  @Override
  public Optional<String> target() {
    return stored.target();
  }

  @Override
  public List<String> calibratedOn() {
    return stored.calibratedOn();
  }

  @Override
  public void requireUnchanged() {
    stored.requireUnchanged();
  }

  @Override
  public boolean isRemote() {
    return stored.isRemote();
  }

  @Override
  public void begin(long span) {
    stored.begin(span);
  }

  @Override
  public void passed(long position) {
    stored.passed(position);
  }

  @Override
  public void requireWhole() {
    stored.requireWhole();
  }

  @Override
  public String stamp() {
    return stored.stamp();
  }

  @Override
  public void close() {
    stored.close();
  }
}
