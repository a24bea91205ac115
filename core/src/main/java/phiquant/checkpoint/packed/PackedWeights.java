package phiquant.checkpoint.packed;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;

/**
 * Puts the packed parts of every weight together, where {@code quantization_config} says that
 * weights are packed and there are such parts.
 */
public final class PackedWeights {
  private static final Set<String> PARTS =
      Set.of(
          ".qweight",
          ".qzeros",
          ".scales",
          ".g_idx",
          ".weight_packed",
          ".weight_scale",
          ".weight_shape",
          ".weight_zero_point",
          ".weight_g_idx");

  private final Path folder;
  private final Scheme scheme;
  private final Map<String, MappedTensor> stored;

  private PackedWeights(Path folder, Scheme scheme, Map<String, MappedTensor> stored) {
    this.folder = folder;
    this.scheme = scheme;
    this.stored = stored;
  }

  /**
   * Every tensor by its name, packed ones as one each; empty if none is packed.
   *
   * @param stored all tensors, as the files have them
   * @throws UserError naming what is not read: other bits, an order of columns, a part that is not
   *     there
   */
  public static Optional<Map<String, StoredTensor>> decode(
      Path folder, ObjectNode config, Map<String, MappedTensor> stored) {
    boolean packed =
        stored.keySet().stream()
            .anyMatch(name -> name.endsWith(".qweight") || name.endsWith(".weight_packed"));
    return packed
        ? Scheme.of(config, folder + ": config.json")
            .map(scheme -> new PackedWeights(folder, scheme, stored).all())
        : Optional.empty();
  }

  private Map<String, StoredTensor> all() {
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    String suffix = scheme.packing().suffix();
    stored.forEach(
        (name, tensor) -> {
          int dot = Math.max(0, name.lastIndexOf('.'));
          String module = name.substring(0, dot);
          if (name.endsWith(suffix)) {
            all.put(module + ".weight", matrix(module, tensor));
          } else if (!PARTS.contains(name.substring(dot)) || !stored.containsKey(module + suffix)) {
            all.put(name, tensor);
          }
        });
    return all;
  }

  private StoredTensor matrix(String module, MappedTensor packed) {
    requireInts(module, packed);
    return switch (scheme.packing()) {
      case GPTQ, AWQ -> turned(module, packed);
      case COMPRESSED -> upright(module, packed);
    };
  }

  /** Words of {@code [columns, rows]}, with scales and zero points of {@code [groups, rows]}. */
  private StoredTensor turned(String module, MappedTensor packed) {
    boolean gptq = scheme.packing() == Scheme.Packing.GPTQ;
    int each = 32 / scheme.bits();
    long columns = gptq ? packed.rows() * each : packed.rows();
    long rows = gptq ? packed.columns() : packed.columns() * each;
    int group = group(module, columns);
    MappedTensor scales = part(module, ".scales", columns / group, rows);
    MappedTensor zeros = part(module, ".qzeros", columns / group, rows / each);
    requireInts(module, zeros);
    requireOrder(module, ".g_idx", columns, group);
    Words codes =
        gptq
            ? Words.inOrder(packed.data(), scheme.bits(), false, 1, rows)
            : Words.evenFirst(packed.data(), rows);
    Words zeroPoints =
        gptq
            ? Words.inOrder(zeros.data(), scheme.bits(), true, 1, rows / each)
            : Words.evenFirst(zeros.data(), rows);
    return new PackedMatrix(
        module + ".weight",
        rows,
        columns,
        scheme.bits(),
        group,
        codes,
        scales,
        true,
        zeroPoints,
        scheme.added(),
        bytes(packed, scales, zeros));
  }

  /** Words of {@code [rows, columns]}; zero points of {@code [rows / 8, groups]} if there are. */
  private StoredTensor upright(String module, MappedTensor packed) {
    int each = 32 / scheme.bits();
    MappedTensor shape = part(module, ".weight_shape");
    if (shape.dtype() != DType.I64 || shape.elements() != 2) {
      throw wrong(module, "its weight_shape is not two numbers");
    }
    long rows = number(shape, 0);
    long columns = number(shape, 1);
    if (rows != packed.rows() || Math.ceilDiv(columns, (long) each) != packed.columns()) {
      throw wrong(module, "its weight_shape does not fit its codes");
    }
    int group = group(module, columns);
    MappedTensor scales = part(module, ".weight_scale", rows, columns / group);
    requireOrder(module, ".weight_g_idx", columns, group);
    MappedTensor zeros = stored.get(module + ".weight_zero_point");
    if (zeros != null) {
      zeros = part(module, ".weight_zero_point", Math.ceilDiv(rows, (long) each), columns / group);
      requireInts(module, zeros);
    }
    return new PackedMatrix(
        module + ".weight",
        rows,
        columns,
        scheme.bits(),
        group,
        Words.inOrder(packed.data(), scheme.bits(), false, packed.columns(), 1),
        scales,
        false,
        zeros == null ? null : Words.inOrder(zeros.data(), scheme.bits(), true, zeros.columns(), 1),
        0,
        bytes(packed, scales) + (zeros == null ? 0 : zeros.storedBytes()));
  }

  private int group(String module, long columns) {
    long group = scheme.group() == -1 ? columns : scheme.group();
    if (group < 1 || columns % group != 0) {
      throw wrong(module, "groups of %d do not divide its %d columns".formatted(group, columns));
    }
    return Math.toIntExact(group);
  }

  private MappedTensor part(String module, String suffix) {
    MappedTensor part = stored.get(module + suffix);
    if (part == null) {
      throw wrong(module, "its " + suffix.substring(1) + " is missing");
    }
    return part;
  }

  private MappedTensor part(String module, String suffix, long rows, long columns) {
    MappedTensor part = part(module, suffix);
    if (!part.shape().equals(List.of(rows, columns))) {
      throw wrong(
          module,
          "its %s has the shape %s where %s fits its codes"
              .formatted(suffix.substring(1), part.shape(), List.of(rows, columns)));
    }
    return part;
  }

  private void requireInts(String module, MappedTensor words) {
    if (words.dtype() != DType.I32 || words.shape().size() != 2) {
      throw wrong(module, "its codes are not a matrix of I32");
    }
  }

  /** Columns that were sorted before they were grouped would need another operator in an engine. */
  private void requireOrder(String module, String suffix, long columns, int group) {
    MappedTensor order = stored.get(module + suffix);
    if (order == null) {
      return;
    }
    if (order.dtype() != DType.I32 || order.elements() != columns) {
      throw wrong(module, "its " + suffix.substring(1) + " is not a number for each column");
    }
    for (long i = 0; i < columns; i++) {
      if (order.data().get(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED, 4 * i) != i / group) {
        throw wrong(
            module,
            "its columns are grouped in another order (desc_act), which no engine's format has");
      }
    }
  }

  private static long number(MappedTensor tensor, int index) {
    return tensor.data().get(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 8L * index);
  }

  private static long bytes(MappedTensor... parts) {
    long bytes = 0;
    for (MappedTensor part : parts) {
      bytes += part.storedBytes();
    }
    return bytes;
  }

  private UserError wrong(String module, String fact) {
    return new UserError(
        "%s: the packed weight '%s' cannot be read: %s.".formatted(folder, module, fact));
  }
}
