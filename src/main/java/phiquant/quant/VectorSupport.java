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

  /** True if vector kernels are used. */
  public static boolean available() {
    return AVAILABLE;
  }
}
