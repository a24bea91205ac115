package phiquant.engine.openvino.writer;

import phiquant.engine.openvino.ir.Type;
import phiquant.quant.nncf.CompressionFormat;

/** How one weight is stored: as plain floats, or as codes in groups. */
sealed interface WeightPrecision {
  /** The name that tables show. */
  String name();

  /** Plain floats: f32 or f16. */
  record Plain(Type type) implements WeightPrecision {
    @Override
    public String name() {
      return type.attribute();
    }
  }

  /**
   * Codes with scales.
   *
   * @param group weights that share a scale, or {@link #WHOLE_ROW}
   */
  record Compressed(CompressionFormat format, int group) implements WeightPrecision {
    static final int WHOLE_ROW = -1;

    @Override
    public String name() {
      return format.name() + (group == WHOLE_ROW ? " row" : " g" + group);
    }
  }
}
