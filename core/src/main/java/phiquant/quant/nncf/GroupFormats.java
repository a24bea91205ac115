package phiquant.quant.nncf;

import phiquant.quant.VectorSupport;

/** Finds the form of a format that this JVM runs fastest. */
public final class GroupFormats {
  private GroupFormats() {}

  /** The form to encode with; its codes are the same. */
  public static GroupFormat fastest(GroupFormat format) {
    return VectorSupport.available() ? vector(format) : format;
  }

  /** The vector form. */
  static GroupFormat vector(GroupFormat format) {
    return switch (format) {
      case IntegerFormat integer -> new VectorIntegerFormat(integer);
      case Nf4 nf4 -> new VectorNf4(nf4);
      case Mxfp4 mxfp4 -> new VectorMxfp4(mxfp4);
      case VectorForm vector -> vector;
    };
  }
}
