package phiquant.quant;

/**
 * Whether this JVM has the Vector API. The kernels that use it are chosen once, at start-up;
 * without it the scalar forms do the same work slowly.
 */
public final class VectorSupport {
  private static final boolean AVAILABLE =
      ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
          && !Boolean.getBoolean("phiquant.scalar");

  private VectorSupport() {}

  /** Which kernels run, for people: {@code vector, 512 bit}. */
  public static String description() {
    return AVAILABLE ? "vector, " + Width.bits() + " bit" : "scalar";
  }

  /** Apart, because loading it needs the module. */
  private static final class Width {
    static int bits() {
      return jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }
  }

  /** True if vector kernels are used. */
  public static boolean available() {
    return AVAILABLE;
  }
}
