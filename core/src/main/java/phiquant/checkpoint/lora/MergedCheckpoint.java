package phiquant.checkpoint.lora;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Renamed;

/**
 * A checkpoint with an adapter merged; all but some tensors is the checkpoint's own.
 *
 * @param base closes with this one
 * @param lora what was merged
 * @param adapter its files
 * @param tensors the base's, and those that change as {@link MergedTensor}
 * @param notices the base's, and what was merged
 */
record MergedCheckpoint(
    Checkpoint base,
    Lora lora,
    MappedFiles adapter,
    Map<String, StoredTensor> tensors,
    List<String> notices)
    implements Checkpoint {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  /**
   * Merges one.
   *
   * @param base stays open if this fails
   * @throws UserError if the adapter is damaged, for another model, or not computed
   */
  static MergedCheckpoint of(Checkpoint base, Lora lora) {
    Path folder = lora.snapshot();
    LoraConfig config = LoraConfig.in(folder);
    MappedFiles files = new MappedFiles();
    try {
      LoraWeights weights = LoraWeights.open(folder, config, lora.scale(), files);
      Map<String, StoredTensor> tensors = merge(base, config, weights);
      List<String> notices = new ArrayList<>(base.notices());
      notices.add(
          "The LoRA adapter %s is merged: it changes %d weights."
              .formatted(lora.label(), weights.changes().size()));
      return new MergedCheckpoint(base, lora, files, tensors, List.copyOf(notices));
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static Map<String, StoredTensor> merge(
      Checkpoint base, LoraConfig config, LoraWeights weights) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>(base.tensors());
    boolean tied = isTied(base, tensors);
    weights
        .bases()
        .forEach(
            (name, change) -> {
              String stored = tied && name.equals(HEAD) ? EMBEDDING : name;
              AdaptedRows place = place(base, config, weights, stored, change, tensors);
              MergedTensor.At at = new MergedTensor.At(place.first(), change);
              tensors.computeIfPresent(
                  place.tensor(), (same, tensor) -> MergedTensor.below(tensor, at));
            });
    if (tied && List.of(EMBEDDING, HEAD).stream().anyMatch(weights.changes()::containsKey)) {
      tensors.put(HEAD, new Renamed(HEAD, tensors.get(EMBEDDING)));
    }
    Map<String, List<MergedTensor.At>> changes = new LinkedHashMap<>();
    weights
        .changes()
        .forEach(
            (name, change) -> {
              AdaptedRows place = place(base, config, weights, name, change, tensors);
              changes
                  .computeIfAbsent(place.tensor(), unused -> new ArrayList<>())
                  .add(new MergedTensor.At(place.first(), change));
            });
    changes.forEach(
        (name, all) ->
            tensors.compute(name, (same, tensor) -> new MergedTensor(tensor, List.copyOf(all))));
    return tensors;
  }

  /**
   * Whether head and embedding are one. The head does not learn with the embedding: training
   * changes one of the two and uses the other as it was. So they part when one of them changes; if
   * both became the same after all, who reads the model finds that out.
   */
  private static boolean isTied(Checkpoint base, Map<String, StoredTensor> tensors) {
    return base.config().path("tie_word_embeddings").asBoolean(false)
        && tensors.containsKey(EMBEDDING)
        && !tensors.containsKey(HEAD);
  }

  /** Where a change belongs, and fits. */
  static AdaptedRows place(
      Checkpoint base,
      LoraConfig config,
      LoraWeights weights,
      String name,
      WeightChange change,
      Map<String, StoredTensor> tensors) {
    AdaptedRows place =
        AdaptedRows.of(name, tensors)
            .orElseThrow(
                () ->
                    new UserError(
                        "%s changes '%s', which %s lacks."
                            .formatted(weights.file(), name, base.path()),
                        trainedOn(config)));
    long columns = tensors.get(place.tensor()).columns();
    if (change.rows() != place.rows() || change.columns() != columns) {
      throw new UserError(
          "%s changes '%s' as a matrix of %d x %d, but in %s it is %d x %d."
              .formatted(
                  weights.file(),
                  name,
                  change.rows(),
                  change.columns(),
                  base.path(),
                  place.rows(),
                  columns),
          trainedOn(config));
    }
    return place;
  }

  private static String trainedOn(LoraConfig config) {
    return "It is for another model: "
        + config.base().map(name -> "it was trained on " + name + ".").orElse("find out which.");
  }

  @Override
  public Path path() {
    return base.path();
  }

  @Override
  public ObjectNode config() {
    return base.config();
  }

  @Override
  public Optional<byte[]> file(String name) {
    return base.file(name);
  }

  @Override
  public boolean isQuantized() {
    return base.isQuantized();
  }

  @Override
  public Map<String, Integer> operators() {
    return base.operators();
  }

  @Override
  public void requireUnchanged() {
    base.requireUnchanged();
    adapter.requireUnchanged();
  }

  @Override
  public boolean isRemote() {
    return base.isRemote();
  }

  @Override
  public void begin(long span) {
    base.begin(span);
  }

  @Override
  public void passed(long position) {
    base.passed(position);
  }

  @Override
  public void requireWhole() {
    base.requireWhole();
    adapter.requireUnchanged();
  }

  /** The adapter's too, and how much of it was merged. */
  @Override
  public String stamp() {
    return base.stamp() + adapter.stamp() + lora.scale() + "\n";
  }

  @Override
  public void close() {
    try {
      base.close();
    } finally {
      adapter.close();
    }
  }
}
