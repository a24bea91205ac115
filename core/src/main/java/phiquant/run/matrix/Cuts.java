package phiquant.run.matrix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * What lets a kernel survive that the mapped file it reads is cut. The processor's fault becomes an
 * {@link InternalError} only in compiled code that also reads single numbers from memory outside of
 * the heap (HotSpot marks it so when it compiles the read, even if nothing comes of it); loads of
 * vectors do not count, and the JVM dies. So what loads nothing but vectors reads a byte in vain.
 */
public final class Cuts {
  private Cuts() {}

  /**
   * To be called within the loops that load vectors.
   *
   * @param at any place that is read anyway
   */
  public static void survive(MemorySegment in, long at) {
    in.get(JAVA_BYTE, at);
  }
}
