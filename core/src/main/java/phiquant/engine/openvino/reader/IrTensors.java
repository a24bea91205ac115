package phiquant.engine.openvino.reader;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout.Code;
import phiquant.checkpoint.Layout.Grouped;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.engine.openvino.IrNames;

/** Finds the weights among an IR's constants and gives them their Hugging Face names. */
final class IrTensors {
  private final IrFile ir;
  private final Map<String, IrConstant> matrices = new LinkedHashMap<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private IrTensors(IrFile ir) {
    this.ir = ir;
  }

  /**
   * The weights by name.
   *
   * @throws UserError if a constant does not fit the file, or its parts do not fit each other
   */
  static Map<String, StoredTensor> of(IrFile ir, MemorySegment bin) {
    IrTensors found = new IrTensors(ir);
    ir.layers()
        .forEach(
            (id, layer) -> {
              if (layer.type().equals("Const")) {
                IrConstant.of(ir.path(), layer, bin).ifPresent(c -> found.sort(id, c));
              }
            });
    found.matrices.forEach(
        (name, constant) -> {
          if (name.endsWith(".weight")) {
            found.put(name, constant);
          }
        });
    return found.tensors;
  }

  private void sort(String id, IrConstant constant) {
    String name = IrNames.tensor(constant.name());
    if (name.endsWith(".weight")
        || name.endsWith(".weight" + IrNames.SCALE)
        || name.endsWith(".weight" + IrNames.ZERO_POINT)) {
      if (matrices.put(name, constant) != null) {
        throw new UserError(ir.path() + " has two constants for '" + name + "'.");
      }
      return;
    }
    List<Long> shape = constant.shape();
    long columns = shape.isEmpty() ? 1 : shape.getLast();
    if (columns == 1 || constant.elements() != columns || constant.type().dtype().isEmpty()) {
      return;
    }
    for (IrFile.Layer user : ir.usersOf(id)) {
      Optional<String> norm = IrNames.norm(user.name());
      if (norm.isPresent() && List.of("Multiply", "Add").contains(user.type())) {
        String vector = norm.get() + (user.type().equals("Add") ? ".bias" : ".weight");
        tensors.put(vector, plain(vector, constant, List.of(columns)));
      } else if (name.endsWith(".bias")
          || user.type().equals("Add") && IrNames.isLinear(user.name())) {
        // A Phi-3 has no bias; it keeps its name, so that it is not lost without a word.
        tensors.put(name, plain(name, constant, List.of(columns)));
      }
    }
  }

  /** A matrix; or a layer's experts, which are matrices one behind the other. */
  private void put(String name, IrConstant constant) {
    long first = constant.shape().isEmpty() ? 0 : constant.shape().getFirst();
    List<String> experts = constant.shape().size() < 3 ? List.of() : IrNames.apart(name, first);
    if (experts.isEmpty()) {
      tensors.put(name, matrix(name, constant));
      return;
    }
    for (String part : List.of(IrNames.SCALE, IrNames.ZERO_POINT)) {
      matrices.computeIfPresent(name + part, (key, stored) -> stored.flat());
    }
    StoredTensor whole = matrix(name, constant.flat());
    long rows = whole.rows() / experts.size();
    for (int e = 0; e < experts.size(); e++) {
      tensors.put(experts.get(e), new RowSlice(experts.get(e), whole, e * rows, rows));
    }
  }

  private StoredTensor matrix(String name, IrConstant constant) {
    Optional<Code> code = constant.type().code();
    if (code.isEmpty()) {
      return plain(name, constant, constant.shape());
    }
    IrConstant scales = matrices.get(name + IrNames.SCALE);
    Optional<IrConstant> zeroPoints = Optional.ofNullable(matrices.get(name + IrNames.ZERO_POINT));
    List<Long> shape = constant.shape();
    boolean whole = shape.size() == 2;
    if (shape.size() < 2) {
      throw wrong(name, "is " + shape + ", which is no matrix");
    }
    if (scales == null) {
      throw wrong(name, "has no scales");
    }
    DType scaleType = scales.type().dtype().orElse(null);
    if (scaleType == null) {
      throw wrong(name, "has scales of the type " + scales.type());
    }
    List<Long> expected =
        whole ? List.of(shape.get(0), 1L) : List.of(shape.get(0), shape.get(1), 1L);
    if (shape.size() > 3 || !scales.shape().equals(expected)) {
      throw wrong(name, "is " + shape + ", which its scales " + scales.shape() + " do not fit");
    }
    if (zeroPoints.isPresent()
        && (!zeroPoints.get().shape().equals(expected)
            || zeroPoints.get().type() != constant.type())) {
      throw wrong(
          name,
          "is %s %s, which its zero points %s %s do not fit"
              .formatted(
                  constant.type(), shape, zeroPoints.get().type(), zeroPoints.get().shape()));
    }
    long columns = Math.multiplyExact(shape.getLast(), whole ? 1 : shape.get(1));
    return new CompressedTensor(
        name,
        List.of(shape.get(0), columns),
        new Grouped(
            code.get(),
            Math.toIntExact(shape.getLast()),
            constant.data(),
            scaleType,
            scales.data(),
            zeroPoints.map(IrConstant::data)));
  }

  private StoredTensor plain(String name, IrConstant constant, List<Long> shape) {
    DType type = constant.type().dtype().filter(DType::isWeight).orElse(null);
    if (type == null) {
      throw wrong(name, "is stored as " + constant.type() + ", without scales");
    }
    return new MappedTensor(name, type, shape, 0, constant.data());
  }

  private UserError wrong(String name, String fact) {
    return new UserError(ir.path() + ": the weight '" + name + "' " + fact + ".");
  }
}
