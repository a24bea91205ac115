package phiquant.engine.gguf.writer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.UserError;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.imatrix.ImportanceMatrix;
import phiquant.engine.gguf.imatrix.ModelTraits;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;

/**
 * What an importance matrix says of the tensors of one model, after a check that it belongs to it.
 * Where it says nothing of sixteen neighbouring columns, for all their sums are zero, they count
 * one: a group of weights that count nothing would become zeros or noise, as it does in
 * llama-quantize.
 */
public final class TensorImportance {
  /** The smallest group of weights that share a scale. */
  private static final int GROUP = 16;

  private final Map<String, float[]> entries;
  private final Optional<ImportanceMatrix> matrix;
  private final List<String> silent = new ArrayList<>();

  private TensorImportance(Optional<ImportanceMatrix> matrix, Map<String, float[]> entries) {
    this.matrix = matrix;
    this.entries = entries;
  }

  /**
   * Reads a matrix for a model.
   *
   * @param zeros whether columns of which nothing is known count nothing, as in llama-quantize
   * @throws UserError naming what does not fit
   */
  public static TensorImportance of(
      Optional<ImportanceMatrix> matrix, PhiModel model, boolean zeros) {
    TensorImportance importance = new TensorImportance(matrix, new HashMap<>());
    if (matrix.isPresent()) {
      Map<String, Integer> columns = importance.check(model);
      matrix
          .get()
          .entries()
          .forEach(
              (name, values) ->
                  importance.add(name, values, columns.getOrDefault(name, values.length), zeros));
    }
    return importance;
  }

  /** How many columns each matrix has. */
  private Map<String, Integer> check(PhiModel model) {
    Map<String, Integer> columns = new HashMap<>();
    matrix
        .get()
        .model()
        .filter(made -> !made.fits(ModelTraits.of(model)))
        .ifPresent(
            made -> {
              throw foreign("it was made with '" + made.name() + "'");
            });
    Map<String, float[]> given = matrix.get().entries();
    Set<String> strangers = new HashSet<>(given.keySet());
    for (Role mayStay : List.of(Role.EMBEDDING, Role.HEAD)) {
      strangers.remove(GgufNames.of(mayStay, -1, false));
    }
    for (Weight weight : model.piled()) {
      String name = GgufTensors.name(weight);
      strangers.remove(name);
      float[] values = given.get(name);
      boolean quantized = weight.layer() >= 0 && weight.role() != Role.ROUTER;
      if (values == null && weight.isMatrix() && quantized) {
        throw foreign("it has nothing for '" + name + "'");
      }
      int each = Math.toIntExact(weight.tensor().columns());
      List<Long> shape = weight.tensor().shape();
      long all = each * (shape.size() == 3 ? shape.getFirst() : 1);
      if (values != null && values.length != all) {
        throw foreign(
            "it has %d columns for '%s', which has %d".formatted(values.length, name, all));
      }
      columns.put(name, each);
    }
    given.keySet().stream()
        .filter(strangers::contains)
        .findFirst()
        .ifPresent(
            name -> {
              throw foreign("it has '" + name + "', which the model has not");
            });
    return columns;
  }

  private UserError foreign(String fact) {
    return new UserError(
        matrix.get().file() + " belongs to another model: " + fact + ".",
        "Take the matrix that was made with this model.");
  }

  private void add(String name, float[] values, int columns, boolean zeros) {
    float[] own = values.clone();
    boolean changed = false;
    int to;
    for (int from = 0; from < own.length && !zeros; from = to) {
      // A row's last group may be smaller.
      to = Math.min(from + GROUP, (from / columns + 1) * columns);
      float sum = 0;
      for (int i = from; i < to; i++) {
        sum += own[i];
      }
      if (sum == 0) {
        Arrays.fill(own, from, to, 1);
        changed = true;
      }
    }
    if (changed) {
      silent.add(name);
    }
    entries.put(name, own);
  }

  /** Whether there is a matrix at all. */
  boolean isPresent() {
    return matrix.isPresent();
  }

  /**
   * How much the columns of a tensor count, of each matrix that is in it; empty if nothing is
   * known.
   *
   * @param columns of each matrix
   */
  public List<float[]> of(String tensor, int columns) {
    float[] all = entries.getOrDefault(tensor, new float[0]);
    return IntStream.range(0, all.length / columns)
        .mapToObj(i -> Arrays.copyOfRange(all, i * columns, (i + 1) * columns))
        .toList();
  }

  /** What a user should know. */
  List<String> notes() {
    return silent.isEmpty()
        ? List.of()
        : List.of(
            "%s says nothing of some columns of %d tensors (%s%s); they count 1, where llama-quantize lets them count nothing (imatrix-zeros does the same)."
                .formatted(
                    matrix.get().file(),
                    silent.size(),
                    silent.get(0),
                    silent.size() > 1 ? " and others" : ""));
  }

  /**
   * The keys that llama-quantize adds, in its order; texts are cut as it cuts them. Source: {@code
   * LLM_KV_QUANTIZE_IMATRIX_*} of quantize.cpp.
   */
  Map<String, MetadataValue> keys() {
    Map<String, MetadataValue> keys = new java.util.LinkedHashMap<>();
    matrix.ifPresent(
        present -> {
          keys.put("quantize.imatrix.file", text(present.file()));
          present.datasets().stream()
              .findFirst()
              .ifPresent(name -> keys.put("quantize.imatrix.dataset", text(name)));
          keys.put(
              "quantize.imatrix.entries_count", new MetadataValue.U32(present.entries().size()));
          if (present.chunks() > 0) {
            keys.put("quantize.imatrix.chunks_count", new MetadataValue.U32(present.chunks()));
          }
        });
    return keys;
  }

  private static MetadataValue text(String text) {
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    int length = Math.min(127, bytes.length);
    while (length < bytes.length && (bytes[length] & 0xc0) == 0x80) {
      length--; // Not in the middle of a letter.
    }
    return new MetadataValue.Text(
        new String(bytes, 0, length, java.nio.charset.StandardCharsets.UTF_8));
  }
}
