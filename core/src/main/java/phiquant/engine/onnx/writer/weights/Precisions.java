package phiquant.engine.onnx.writer.weights;

import java.util.Map;
import java.util.Set;
import phiquant.engine.onnx.OperatorNames;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * Which precision every matrix gets: that of the whole model, but for those that are left out and
 * those that the builder's {@code matmul_mixed_precision} names.
 *
 * @param operators what the builder calls them
 * @param type that the model computes in
 * @param bits of codes; 0: plain floats
 * @param excluded operators whose weights stay floats
 * @param mixed bits by {@code last_matmul} and {@code mixed_layers}
 * @param layers of the model
 * @param turned whether blocks are for ONNX's own operators
 * @param rows whether weights have a scale for each row instead, and inputs are rounded
 * @param chosen what a recipe gives to matrices
 */
public record Precisions(
    OperatorNames operators,
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
    boolean rows,
    Map<Place, NBitsFormat> chosen) {

  /** The precision of a weight. Routers stay in 32 bits: a rounded one chooses other experts. */
  public Precision of(Place place) {
    if (place.role() == Role.ROUTER) {
      return new Precision.Plain(FloatType.FLOAT32);
    }
    if (bits == 0 || excluded.contains(operators.product(place))) {
      return new Precision.Plain(type);
    }
    if (rows) {
      return new Precision.Rows();
    }
    NBitsFormat format = chosen.getOrDefault(place, format(bitsOf(place)));
    return turned ? new Precision.Turned(format) : new Precision.Blocks(format);
  }

  /** The precision of a layer's experts: all the same. */
  Precision ofExperts(int layer) {
    return bits == 0 || excluded.contains(OperatorNames.mixture(layer))
        ? new Precision.Plain(type)
        : new Precision.Blocks(format(bits));
  }

  public NBitsFormat format(int codeBits) {
    return new NBitsFormat(algorithm, codeBits, block, symmetric, type);
  }

  private int bitsOf(Place place) {
    if (place.role() == Role.HEAD) {
      return mixed.getOrDefault("last_matmul", bits);
    }
    return isSensitive(place) ? mixed.getOrDefault("mixed_layers", bits) : bits;
  }

  /**
   * The matrices that llama.cpp gives more bits in its K_M mixes: values and the down projection,
   * in the first and last eighth of the layers and every third between. Without a gate the builder
   * does not know the down projection by its name.
   */
  private boolean isSensitive(Place place) {
    long eighth = (long) Math.rint(layers / 8.0);
    int layer = place.layer();
    boolean moreBits =
        layer < layers / 8.0 || layer >= 7 * layers / 8.0 || Math.floorMod(layer - eighth, 3L) == 2;
    return switch (place.role()) {
      case QKV, VALUE -> moreBits;
      case DOWN -> moreBits && operators.gated();
      default -> false;
    };
  }
}
