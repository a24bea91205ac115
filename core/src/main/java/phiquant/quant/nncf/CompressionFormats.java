package phiquant.quant.nncf;

import phiquant.quant.VectorSupport;

/** Finds the form of a format that this JVM runs fastest. */
public final class CompressionFormats {
  private CompressionFormats() {}

  /** The form to encode with; its codes are the same. */
  public static CompressionFormat fastest(CompressionFormat format) {
    return VectorSupport.available() ? vector(format) : format;
  }

  /** The vector form. */
  static CompressionFormat vector(CompressionFormat format) {
    return switch (format) {
      case IntegerFormat integer -> new VectorIntegerFormat(integer);
      case Nf4 nf4 -> new VectorNf4(nf4);
      case F4E2M1 mxfp4 -> new VectorF4E2M1(mxfp4);
      case VectorCompression vector -> vector;
    };
  }
}
