package phiquant.quant.ggml;

import phiquant.quant.BlockFormat;
import phiquant.quant.VectorSupport;

/** The number format of each GGUF tensor type, in the fastest form that this JVM can run. */
public final class GgmlFormats {
  private GgmlFormats() {}

  /** The format to use: vector kernels where the JVM has them, otherwise {@link #scalar}. */
  public static BlockFormat of(GgmlType type) {
    return VectorSupport.available() ? vector(type) : scalar(type);
  }

  /** The form that reads like the formula; the reference for the vector form. */
  public static BlockFormat scalar(GgmlType type) {
    throw new IllegalArgumentException(type + " has no scalar form");
  }

  /** The vector form, equal to the scalar form bit for bit. */
  public static BlockFormat vector(GgmlType type) {
    return scalar(type);
  }
}
