package phiquant.checkpoint;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.checkpoint.safetensors.Shards;

/** What checkpoints of safetensors have in common, wherever their files lie. */
public abstract class SafetensorsFolder extends CheckpointFolder {
  private final List<String> notices = new ArrayList<>();
  private Map<String, StoredTensor> tensors = Map.of();

  /** One of these files. */
  protected SafetensorsFolder(CheckpointFiles files, String whereFrom) {
    super(files, whereFrom);
  }

  /**
   * Has shards' tensors as transformers has them: under its names, as many as it has.
   *
   * @param stored the shards' or, if they hold codes, what these stand for
   */
  protected final void hold(
      Shards<?> shards, Map<String, StoredTensor> stored, CodedWeights codes) {
    notices.addAll(shards.notices());
    Optional<NamePrefix> prefix = NamePrefix.of(stored.keySet());
    prefix.map(NamePrefix::notice).ifPresent(notices::add);
    Map<String, StoredTensor> named = prefix.map(known -> known.strip(stored)).orElse(stored);
    tensors = isLlama() ? Fused.of(named) : codes.apart(named);
  }

  @Override
  public final Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public final List<String> notices() {
    return Stream.concat(super.notices().stream(), notices.stream()).toList();
  }
}
