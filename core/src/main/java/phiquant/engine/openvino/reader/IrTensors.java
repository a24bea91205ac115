package phiquant.engine.openvino.reader;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout.Code;
import phiquant.checkpoint.Layout.Grouped;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;

/**
 * Finds the weights among an IR's constants and gives them their Hugging Face names. Matrices have
 * them already, with optimum's {@code self.} before and {@code ._openvino_orig_weight} behind;
 * norms are known by the operator that uses them, which is named for its module.
 */
final class IrTensors {
  /** The module in the name of an operator: {@code __module.model.norm/aten::mul/Multiply_1}. */
  private static final Pattern NORM = Pattern.compile("(?:__module\\.)?(.*norm)/.*");

  /** The module of a linear layer in an operator's name; its Add is a bias. */
  private static final Predicate<String> LINEAR =
      Pattern.compile("(?:__module\\.)?(.*_proj|lm_head)/.*").asMatchPredicate();

  private static final String SCALE = "/scale";
  private static final String ZERO_POINT = "/zero_point";

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
            found.tensors.put(name, found.matrix(name, constant));
          }
        });
    return found.tensors;
  }

  private void sort(String id, IrConstant constant) {
    String name =
        constant
            .name()
            .replaceFirst("^self\\.", "")
            .replaceFirst("\\._openvino_orig_(weight|bias)", ".$1");
    if (name.endsWith(".weight")
        || name.endsWith(".weight" + SCALE)
        || name.endsWith(".weight" + ZERO_POINT)) {
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
      Matcher norm = NORM.matcher(user.name());
      if (user.type().equals("Multiply") && norm.matches()) {
        String weight = norm.group(1) + ".weight";
        tensors.put(weight, plain(weight, constant, List.of(columns)));
      } else if (user.type().equals("Add") && norm.matches()) {
        String bias = norm.group(1) + ".bias";
        tensors.put(bias, plain(bias, constant, List.of(columns)));
      } else if (name.endsWith(".bias") || user.type().equals("Add") && LINEAR.test(user.name())) {
        // A Phi-3 has no bias; it keeps its name, so that it is not lost without a word.
        tensors.put(name, plain(name, constant, List.of(columns)));
      }
    }
  }

  private StoredTensor matrix(String name, IrConstant constant) {
    Optional<Code> code = constant.type().code();
    if (code.isEmpty()) {
      return plain(name, constant, constant.shape());
    }
    IrConstant scales = matrices.get(name + SCALE);
    Optional<IrConstant> zeroPoints = Optional.ofNullable(matrices.get(name + ZERO_POINT));
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
