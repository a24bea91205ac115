package phiquant.engines;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Map;
import java.util.TreeMap;

/**
 * Sees what llama.cpp multiplies its weights with, as llama-imatrix does: before a node is computed
 * it says whether it wants it, and then gets it. Sums are kept in 64 bits, where llama-imatrix has
 * 32. Source: {@code collect_imatrix} in imatrix.cpp, and {@code struct ggml_tensor} in ggml.h.
 */
public final class LlamaCollector {
  private static final int BYTES = 336;
  private static final int TYPE = 0;
  private static final int DIMENSIONS = 16;
  private static final int OPERATION = 80;
  private static final int SOURCES = 152;
  private static final int DATA = 248;
  private static final int NAME = 256;
  private static final int F32 = 0;

  private final int product;
  private final Map<String, double[]> squares = new TreeMap<>();
  private final Map<String, Long> counts = new TreeMap<>();
  private Throwable failure;

  public LlamaCollector(LlamaLibrary library) {
    int operation = 0;
    while (!name(library, operation).equals("MUL_MAT")) {
      operation++;
    }
    product = operation;
  }

  private static String name(LlamaLibrary library, int operation) {
    MemorySegment name =
        (MemorySegment)
            library.invoke("ggml_op_name", FunctionDescriptor.of(ADDRESS, JAVA_INT), operation);
    return name.reinterpret(64).getString(0);
  }

  /** Sums of squares by the weight's name, for each column. */
  public Map<String, double[]> squares() {
    if (failure != null) {
      throw new IllegalStateException(failure);
    }
    return squares;
  }

  /** How many inputs each weight had. */
  public Map<String, Long> counts() {
    return counts;
  }

  MemorySegment callback() {
    try {
      return Linker.nativeLinker()
          .upcallStub(
              MethodHandles.lookup()
                  .bind(
                      this,
                      "see",
                      MethodType.methodType(
                          boolean.class, MemorySegment.class, boolean.class, MemorySegment.class)),
              FunctionDescriptor.of(JAVA_BOOLEAN, ADDRESS, JAVA_BOOLEAN, ADDRESS),
              Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the method is in this class", e);
    }
  }

  private boolean see(MemorySegment address, boolean asks, MemorySegment data) {
    try {
      MemorySegment node = address.reinterpret(BYTES);
      if (node.get(JAVA_INT, OPERATION) != product) {
        return false;
      }
      MemorySegment weight = source(node, 0);
      MemorySegment inputs = source(node, 1);
      String name = weight.getString(NAME);
      if (!name.endsWith(".weight") || inputs.get(JAVA_INT, TYPE) != F32) {
        return false;
      }
      if (!asks) {
        add(name, inputs);
      }
      return true;
    } catch (Throwable e) {
      failure = e; // What is thrown here would end the process.
      return false;
    }
  }

  private static MemorySegment source(MemorySegment node, int index) {
    return node.get(ADDRESS, SOURCES + 8L * index).reinterpret(BYTES);
  }

  private void add(String name, MemorySegment inputs) {
    int columns = Math.toIntExact(inputs.get(JAVA_LONG, DIMENSIONS));
    int tokens = Math.toIntExact(inputs.get(JAVA_LONG, DIMENSIONS + 8));
    float[] x = inputs.get(ADDRESS, DATA).reinterpret(4L * columns * tokens).toArray(JAVA_FLOAT);
    double[] sum = squares.computeIfAbsent(name, key -> new double[columns]);
    for (int t = 0; t < tokens; t++) {
      for (int i = 0; i < columns; i++) {
        double each = x[t * columns + i];
        sum[i] += each * each;
      }
    }
    counts.merge(name, (long) tokens, Long::sum);
  }
}
