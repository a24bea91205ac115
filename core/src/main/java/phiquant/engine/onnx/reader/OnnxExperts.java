package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.EveryOther;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.model.Role;
import phiquant.model.SparseMixer;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * A layer's experts, which are one operator: {@code MoE} with floats or {@code QMoE} with codes in
 * blocks. Rows of gate and up lie in turn. Source: ContribOperators.md of ONNX Runtime 1.32.
 *
 * @param inner all gates and ups, shape [experts · 2 · features, hidden]
 * @param outer all downs, shape [experts · hidden, features]
 */
record OnnxExperts(int count, StoredTensor inner, StoredTensor outer) {
  /** More experts than a layer of any model has. */
  private static final long MOST = 4096;

  /** Where {@code QMoE} has the weights that a graph has computed. */
  private static final int ROUTER_WEIGHTS = 14;

  /**
   * Reads the operator.
   *
   * @throws phiquant.UserError if it computes something else than a Phi's experts, or its parts do
   *     not fit each other
   */
  static OnnxExperts of(OnnxFile file, NodeProto node, String name) {
    OnnxOperator op = new OnnxOperator(file, node);
    boolean plain = op.is("MoE");
    requireSwiGlu(op, plain);
    StoredTensor inner =
        plain ? floats(op, name, 2) : codes(op, name, op.constant(2), op.constant(3), 11);
    StoredTensor outer =
        plain ? floats(op, name, 4) : codes(op, name, op.constant(5), op.constant(6), 12);
    long experts = op.constant(2).shape().getFirst();
    long hidden = inner.columns();
    long features = outer.columns();
    if (experts > MOST
        || experts != op.constant(plain ? 4 : 5).shape().getFirst()
        || inner.rows() != experts * 2 * features
        || outer.rows() != experts * hidden) {
      throw op.wrong(
          "has matrices of %d × %d and %d × %d, which are not those of the same experts"
              .formatted(inner.rows(), hidden, outer.rows(), features));
    }
    return new OnnxExperts(Math.toIntExact(experts), inner, outer);
  }

  private static void requireSwiGlu(OnnxOperator op, boolean plain) {
    boolean swiGlu =
        op.text("activation_type").equals("swiglu")
            && op.number("swiglu_fusion", 0) == 1
            && op.real("activation_alpha", 1) == 1
            && op.real("activation_beta", 0) == 0
            && op.real("swiglu_limit", Float.POSITIVE_INFINITY) == Float.POSITIVE_INFINITY;
    boolean routed =
        op.number("k", 1) == SparseMixer.CHOSEN
            && op.number("normalize_routing_weights", 0) == (plain ? 1 : 0)
            && (plain || op.has(ROUTER_WEIGHTS));
    if (!swiGlu || !routed) {
      throw op.wrong("does not compute a Phi's experts");
    }
    int[] others = plain ? new int[] {3, 5, 6, 7} : new int[] {4, 7, 8, 9, 10, 13};
    for (int input : others) {
      if (op.has(input)) {
        throw op.wrong("has biases or a third matrix, which is not supported");
      }
    }
  }

  private static StoredTensor floats(OnnxOperator op, String name, int input) {
    OnnxConstant matrices = op.constant(input);
    if (matrices.floats().isEmpty() || matrices.shape().size() != 3) {
      throw uses(op, matrices);
    }
    long rows = rows(op, matrices);
    long columns = matrices.shape().get(2);
    op.requirePossible(rows, columns);
    DType type = DType.named(matrices.floats().get().storedName()).orElseThrow();
    return new MappedTensor(name, type, List.of(rows, columns), 0, matrices.data());
  }

  private static StoredTensor codes(
      OnnxOperator op, String name, OnnxConstant codes, OnnxConstant scales, int zeroPoints) {
    if (codes.type() != DataType.UINT8 || codes.shape().size() != 3) {
      throw uses(op, codes);
    }
    long bits = op.number("expert_weight_bits", 4);
    long rows = rows(op, codes);
    Optional<OnnxConstant> zero = op.optional(zeroPoints);
    NBitsFormat format = op.format(bits, scales, zero.isEmpty());
    long bytes = codes.shape().get(2);
    op.requirePossible(rows, bytes * 8 / bits);
    int columns = (int) (bytes * 8 / bits);
    if (format.codeBytes(columns) != bytes
        || scales.data().byteSize() != rows * format.scaleBytes(columns)
        || zero.isPresent()
            && zero.get().data().byteSize() != rows * format.zeroPointBytes(columns)) {
      throw op.wrong("has codes, scales and zero points that do not fit each other");
    }
    return new BlockedTensor(
        name,
        List.of(rows, (long) columns),
        format,
        codes.data(),
        scales.data(),
        zero.map(OnnxConstant::data).orElse(null));
  }

  /** Rows of all matrices together; shapes are checked to fit a file. */
  private static long rows(OnnxOperator op, OnnxConstant matrices) {
    op.requirePossible(matrices.shape().get(0), matrices.shape().get(1));
    return matrices.shape().get(0) * matrices.shape().get(1);
  }

  private static RuntimeException uses(OnnxOperator op, OnnxConstant constant) {
    return op.wrong(
        "uses '%s' of %s%s".formatted(constant.name(), constant.type(), constant.shape()));
  }

  /** One expert's matrix of that role. */
  StoredTensor of(int expert, Role role, String name) {
    long features = inner.rows() / count / EveryOther.STEP;
    long first = expert * EveryOther.STEP * features;
    return switch (role) {
      case EXPERT_GATE -> new EveryOther(name, inner, first, features);
      case EXPERT_UP -> new EveryOther(name, inner, first + 1, features);
      case EXPERT_DOWN -> new RowSlice(name, outer, expert * inner.columns(), inner.columns());
      default -> throw new IllegalArgumentException(role + " is no expert's");
    };
  }

  /** What an expert has. */
  static List<Role> roles() {
    return List.of(Role.EXPERT_GATE, Role.EXPERT_DOWN, Role.EXPERT_UP);
  }
}
