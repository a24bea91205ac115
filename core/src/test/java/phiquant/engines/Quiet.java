package phiquant.engines;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** A log callback for llama.cpp that keeps everything to itself. */
final class Quiet {
  private Quiet() {}

  static MemorySegment callback() {
    try {
      return Linker.nativeLinker()
          .upcallStub(
              MethodHandles.lookup()
                  .findStatic(
                      Quiet.class,
                      "ignore",
                      MethodType.methodType(
                          void.class, int.class, MemorySegment.class, MemorySegment.class)),
              FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS, ADDRESS),
              Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the method is in this class", e);
    }
  }

  private static void ignore(int level, MemorySegment text, MemorySegment data) {}
}
