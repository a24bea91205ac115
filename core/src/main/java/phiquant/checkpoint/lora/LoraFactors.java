package phiquant.checkpoint.lora;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Mosaic;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;

/**
 * A LoRA adapter that stays apart from its model: the two factors of every matrix that it changes,
 * as the model keeps its matrices. Parts that an adapter has for rows of a fused matrix become one
 * pair of factors with as many ranks as the parts have together.
 *
 * @param name of the adapter, from which files get theirs
 * @param files that hold it, mapped until this is closed
 * @param pairs in the adapter's order
 */
public record LoraFactors(String name, MappedFiles files, List<Pair> pairs)
    implements AutoCloseable {
  /**
   * What is added to a matrix: {@code scale · B · A}.
   *
   * @param tensor the matrix's name
   * @param a {@code [rank, columns]}
   * @param b {@code [rows, rank]}
   */
  public record Pair(String tensor, StoredTensor a, StoredTensor b, float scale) {
    /** How many products of a column and a row are added. */
    public int rank() {
      return Math.toIntExact(a.rows());
    }

    /** Its second factor times what is left of the scale when an engine multiplies with another. */
    public StoredTensor bFor(float other) {
      return scale == other ? b : times(b, scale / other);
    }
  }

  /**
   * Opens one.
   *
   * @param base whose matrices it changes
   * @throws UserError if the adapter is damaged, for another model, or of a kind that cannot be
   *     apart from it
   */
  public static LoraFactors open(Checkpoint base, Lora lora) {
    Path folder = lora.snapshot();
    LoraConfig config = LoraConfig.in(folder);
    MappedFiles files = new MappedFiles();
    try {
      LoraWeights weights = LoraWeights.open(folder, config, lora.scale(), files);
      return new LoraFactors(CheckpointName.of(folder), files, pairs(base, config, weights));
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  /** A part of a pair, and the first row that it is for. */
  private record Placed(long first, WeightChange.Linear change) {}

  private static List<Pair> pairs(Checkpoint base, LoraConfig config, LoraWeights weights) {
    for (String name : weights.bases().keySet()) {
      throw refuse(weights, name);
    }
    Map<String, List<Placed>> changes = new LinkedHashMap<>();
    weights
        .changes()
        .forEach(
            (name, change) -> {
              if (!(change instanceof WeightChange.Linear linear)) {
                throw refuse(weights, name);
              }
              AdaptedRows place =
                  MergedCheckpoint.place(base, config, weights, name, change, base.tensors());
              changes
                  .computeIfAbsent(place.tensor(), unused -> new ArrayList<>())
                  .add(new Placed(place.first(), linear));
            });
    return changes.entrySet().stream()
        .map(entry -> pair(base.tensors().get(entry.getKey()), entry.getValue()))
        .toList();
  }

  private static UserError refuse(LoraWeights weights, String name) {
    return new UserError(
        "%s changes '%s' otherwise than by two factors beside a matrix: it cannot be apart."
            .formatted(weights.file(), name),
        "Merge it with --lora.");
  }

  private static Pair pair(StoredTensor matrix, List<Placed> parts) {
    WeightChange.Linear first = parts.getFirst().change();
    if (parts.size() == 1 && first.rows() == matrix.rows()) {
      return new Pair(matrix.name(), first.a(), first.b(), first.scale());
    }
    float scale = first.scale() == 0 ? 1 : first.scale();
    List<Mosaic.Piece> left = new ArrayList<>();
    List<Mosaic.Piece> right = new ArrayList<>();
    long rank = 0;
    for (Placed part : parts) {
      WeightChange.Linear change = part.change();
      left.add(new Mosaic.Piece(change.b(), part.first(), rank, change.scale() / scale));
      right.add(new Mosaic.Piece(change.a(), rank, 0, 1));
      rank += change.a().rows();
    }
    return new Pair(
        matrix.name(),
        new Mosaic(first.a().name(), rank, matrix.columns(), right),
        new Mosaic(first.b().name(), matrix.rows(), rank, left),
        scale);
  }

  /** What is added to a matrix of the model, to rows of one, or to several that are stacked. */
  public Optional<Pair> of(StoredTensor matrix) {
    return switch (matrix) {
      case RowSlice rows ->
          of(rows.whole())
              .map(pair -> new Pair(pair.tensor(), pair.a(), rows(pair.b(), rows), pair.scale()));
      case Stacked stacked -> stacked(stacked);
      default -> pairs.stream().filter(pair -> pair.tensor().equals(matrix.name())).findFirst();
    };
  }

  private static StoredTensor rows(StoredTensor b, RowSlice rows) {
    return new RowSlice(b.name(), b, rows.first(), rows.count());
  }

  private Optional<Pair> stacked(Stacked matrix) {
    List<Placed> parts = new ArrayList<>();
    long first = 0;
    for (StoredTensor part : matrix.parts()) {
      long row = first;
      of(part)
          .map(pair -> new Placed(row, new WeightChange.Linear(pair.a(), pair.b(), pair.scale())))
          .ifPresent(parts::add);
      first += part.rows();
    }
    return parts.isEmpty() ? Optional.empty() : Optional.of(pair(matrix, parts));
  }

  /** The names of the model's matrices in it. */
  public static List<String> names(StoredTensor matrix) {
    return switch (matrix) {
      case RowSlice rows -> names(rows.whole());
      case Stacked stacked -> stacked.parts().stream().flatMap(p -> names(p).stream()).toList();
      default -> List.of(matrix.name());
    };
  }

  private static StoredTensor times(StoredTensor tensor, float factor) {
    return new Mosaic(
        tensor.name(),
        tensor.rows(),
        tensor.columns(),
        List.of(new Mosaic.Piece(tensor, 0, 0, factor)));
  }

  @Override
  public void close() {
    files.close();
  }
}
