package phiquant.engine.onnx.writer.network;

import java.util.ArrayList;
import java.util.List;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;

/**
 * Looks tokens up in a table of blocks by ONNX's own operators: gathers the codes of their rows,
 * takes them apart and scales them. ONNX Runtime compiled to WebAssembly (1.31, what
 * transformers.js 4.3.2 brings) has no {@code GatherBlockQuantized}, and a table of floats would be
 * larger than the rest of a model.
 */
record BlockLookup(Graph graph, ElementType type) {
  private static final String PATH = OperatorNames.EMBEDDING;

  /**
   * Rows of floats.
   *
   * @param tokens i64 of shape [batch, sequence]
   * @return shape [batch, sequence, columns], blocks that are not full filled up
   */
  Value of(Constants.Blocks table, Value tokens, int columns) {
    int blocks = table.format().blocks(columns);
    int block = table.format().block();
    Value codes = gather("Gather", table.codes(), tokens, blocks, table.format().blockBytes());
    Value numbers = numbers("codes", apart("codes", codes, table, blocks, block), blocks, block);
    Value centred = op("Sub", "Sub", numbers, zeroPoints(table, tokens, blocks), blocks, block);
    Value scales = gather("scale/Gather", table.scales(), tokens, blocks);
    Value scaled =
        op("Mul", "scale/Mul", centred, unsqueezed("scale", scales, blocks), blocks, block);
    return graph
        .op("Reshape", PATH + "/Reshape")
        .in(scaled, graph.i64s(0, 0, (long) blocks * block))
        .out(type, shape(blocks * block));
  }

  /** Those of each block, or the middle of all codes if none are stored. */
  private Value zeroPoints(Constants.Blocks table, Value tokens, int blocks) {
    if (table.zeroPoints() == null) {
      return graph.number(PATH + "/middle", type, 1 << (table.format().bits() - 1));
    }
    int bytes = Math.ceilDiv(blocks * table.format().bits(), 8);
    int room = bytes * 8 / table.format().bits();
    Value packed = gather("zero_point/Gather", table.zeroPoints(), tokens, bytes);
    Value all = apart("zero_point", packed, table, room);
    Value own =
        room == blocks
            ? all
            : graph
                .op("Slice", PATH + "/zero_point/Slice")
                .in(all, graph.i64s(0), graph.i64s(blocks), graph.i64s(-1))
                .out(ElementType.UINT8, shape(blocks));
    return unsqueezed("zero_point", numbers("zero_point", own, blocks), blocks);
  }

  /** Two codes of each byte, the lower bits first; codes of 8 bits are apart already. */
  private Value apart(String what, Value bytes, Constants.Blocks table, int... inner) {
    if (table.format().bits() == 8) {
      return bytes;
    }
    String path = PATH + "/" + what;
    Value mask = graph.scalar(path + "/low", ElementType.UINT8, 15);
    Value places = graph.scalar(path + "/places", ElementType.UINT8, 4);
    Value low =
        graph
            .op("BitwiseAnd", path + "/BitwiseAnd")
            .in(bytes, mask)
            .out(ElementType.UINT8, bytes.shape());
    Value high =
        graph
            .op("BitShift", path + "/BitShift")
            .in(bytes, places)
            .with("direction", "RIGHT")
            .out(ElementType.UINT8, bytes.shape());
    List<String> pairs = new ArrayList<>(bytes.shape());
    pairs.add("2");
    Value both =
        graph
            .op("Concat", path + "/Concat")
            .in(pair(path + "/low", low), pair(path + "/high", high))
            .with("axis", -1)
            .out(ElementType.UINT8, pairs);
    long[] sizes = new long[2 + inner.length];
    for (int i = 0; i < inner.length; i++) {
      sizes[2 + i] = inner[i];
    }
    return graph
        .op("Reshape", path + "/Reshape")
        .in(both, graph.i64s(sizes))
        .out(ElementType.UINT8, shape(inner));
  }

  private Value pair(String path, Value half) {
    List<String> one = new ArrayList<>(half.shape());
    one.add("1");
    return graph
        .op("Unsqueeze", path + "/Unsqueeze")
        .in(half, graph.i64s(-1))
        .out(half.type(), one);
  }

  private Value unsqueezed(String what, Value rows, int blocks) {
    return graph
        .op("Unsqueeze", PATH + "/" + what + "/Unsqueeze")
        .in(rows, graph.i64s(-1))
        .out(type, shape(blocks, 1));
  }

  private Value numbers(String what, Value codes, int... inner) {
    return graph
        .op("Cast", PATH + "/" + what + "/Cast")
        .in(codes)
        .with("to", type.number())
        .out(type, shape(inner));
  }

  private Value gather(String name, Value table, Value tokens, int... inner) {
    return graph.op("Gather", PATH + "/" + name).in(table, tokens).out(table.type(), shape(inner));
  }

  private Value op(String operator, String name, Value a, Value b, int... inner) {
    return graph.op(operator, PATH + "/" + name).in(a, b).out(type, shape(inner));
  }

  /** What tokens have, and beside that. */
  private static List<String> shape(int... inner) {
    Object[] all = new Object[2 + inner.length];
    all[0] = "batch_size";
    all[1] = "sequence_length";
    for (int i = 0; i < inner.length; i++) {
      all[2 + i] = inner[i];
    }
    return Value.dims(all);
  }
}
