package phiquant.engine.onnx.writer;

import java.util.Map;
import java.util.Set;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * Which precision every matrix gets, by the name of its operator: that of the whole model, but for
 * those that are left out and those that the builder's {@code matmul_mixed_precision} names.
 *
 * @param type that the model computes in
 * @param bits of codes; 0: plain floats
 * @param excluded operators whose weights stay floats
 * @param mixed bits by {@code last_matmul} and {@code mixed_layers}
 * @param layers of the model
 * @param turned whether blocks are for ONNX's own operators
 * @param rows whether weights have a scale for each row instead, and inputs are rounded
 */
record Precisions(
    FloatType type,
    int bits,
    int block,
    boolean symmetric,
    Algorithm algorithm,
    int accuracyLevel,
    Set<String> excluded,
    Map<String, Integer> mixed,
    int layers,
    boolean turned,
    boolean rows) {

  /** The precision of an operator's weight. */
  Precision of(String operator) {
    if (bits == 0 || excluded.contains(operator)) {
      return new Precision.Plain(type);
    }
    if (rows) {
      return new Precision.Rows();
    }
    NBitsFormat format = format(bitsOf(operator));
    return turned ? new Precision.Turned(format) : new Precision.Blocks(format);
  }

  NBitsFormat format(int codeBits) {
    return new NBitsFormat(algorithm, codeBits, block, symmetric, type);
  }

  private int bitsOf(String operator) {
    if (operator.equals(OperatorNames.HEAD)) {
      return mixed.getOrDefault("last_matmul", bits);
    }
    return isSensitive(operator) ? mixed.getOrDefault("mixed_layers", bits) : bits;
  }

  /**
   * The matrices that llama.cpp gives more bits in its K_M mixes: values and the down projection,
   * in the first and last eighth of the layers and every third between.
   */
  private boolean isSensitive(String operator) {
    if (!operator.matches("/model/layers\\.\\d+/(attn/(qkv|v)_proj|mlp/down_proj)/MatMul")) {
      return false;
    }
    int layer = Integer.parseInt(operator.replaceAll("^/model/layers\\.(\\d+)/.*", "$1"));
    long eighth = (long) Math.rint(layers / 8.0);
    return layer < layers / 8.0
        || layer >= 7 * layers / 8.0
        || Math.floorMod(layer - eighth, 3L) == 2;
  }
}
