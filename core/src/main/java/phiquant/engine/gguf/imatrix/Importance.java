package phiquant.engine.gguf.imatrix;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.UserError;

/**
 * How strong the inputs of every weight were on a text, as sums that can still be added to.
 *
 * @param datasets names of the texts
 * @param chunks how many sequences the texts were cut into
 * @param chunkSize tokens of each
 * @param entries by llama.cpp's names of the weights
 */
public record Importance(
    List<String> datasets, int chunks, int chunkSize, SortedMap<String, ColumnSums> entries) {

  /**
   * What comes of the texts of both together.
   *
   * @throws UserError if they are not of the same model
   */
  public Importance plus(Importance other) {
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
    return new Importance(List.copyOf(texts), chunks + other.chunks, chunkSize, sums);
  }

  private static UserError foreign(String fact) {
    return new UserError(
        "The matrices are not of the same model: " + fact + ".",
        "Merge what was made with one model on different texts.");
  }
}
