package phiquant.engine.gguf.imatrix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.UserError;

/**
 * How strong the inputs of every weight were on a text, as sums that can still be added to.
 *
 * @param model whose inputs they are, if it is said
 * @param datasets names of the texts
 * @param chunks how many sequences the texts were cut into
 * @param chunkSize tokens of each
 * @param entries by llama.cpp's names of the weights
 */
public record Importance(
    Optional<ModelTraits> model,
    List<String> datasets,
    int chunks,
    int chunkSize,
    SortedMap<String, ColumnSums> entries) {

  /**
   * What comes of the texts of both together.
   *
   * @throws UserError if they are not of the same model
   */
  public Importance plus(Importance other) {
    if (model.isPresent() && other.model.isPresent() && !model.get().fits(other.model.get())) {
      throw foreign(
          "one was made with '%s' and one with '%s'"
              .formatted(model.get().name(), other.model.get().name()));
    }
    if (!entries.keySet().equals(other.entries.keySet())) {
      throw foreign("one has weights that the other has not");
    }
    SortedMap<String, ColumnSums> sums = new TreeMap<>();
    entries.forEach(
        (name, own) -> {
          ColumnSums more = other.entries.get(name);
          if (own.counts().length != more.counts().length || own.columns() != more.columns()) {
            throw foreign(
                "'%s' has %d columns in one and %d in the other"
                    .formatted(name, own.columns(), more.columns()));
          }
          sums.put(name, own.plus(more));
        });
    List<String> texts = new ArrayList<>(datasets);
    texts.addAll(other.datasets);
    return new Importance(
        model.or(() -> other.model), List.copyOf(texts), chunks + other.chunks, chunkSize, sums);
  }

  /** Further keys of a file that has it. */
  public Map<String, String> keys() {
    return model.map(ModelTraits::keys).orElse(Map.of());
  }

  private static UserError foreign(String fact) {
    return new UserError(
        "The matrices are not of the same model: " + fact + ".",
        "Merge what was made with one model on different texts.");
  }
}
