package phiquant.engines;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlType;

/**
 * ggml's own product of a quantized matrix with tokens, on the CPU: what llama.cpp does in every
 * linear layer, the rounding of activations included. Source of the calls: ggml.h, ggml-alloc.h and
 * ggml-backend.h.
 */
public final class GgmlProduct {
  private static final LlamaLibrary LIBRARY = LlamaLibrary.open(Engines.llamaLibrary());

  /** struct ggml_init_params: bytes, memory, whether tensors get none. */
  private static final MemoryLayout INIT =
      MemoryLayout.structLayout(JAVA_LONG, ADDRESS, JAVA_BOOLEAN, MemoryLayout.paddingLayout(7));

  private static final long CONTEXT_BYTES = 4 << 20;
  private static final int CPU = 0;

  private GgmlProduct() {}

  /**
   * {@code y = x · Wᵀ}.
   *
   * @param blocks of W {@code [rows, columns]}
   * @param x {@code [tokens, columns]}
   * @return {@code [tokens, rows]}
   */
  public static float[] of(GgmlType type, byte[] blocks, int rows, int columns, float[] x) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment init = arena.allocate(INIT);
      init.set(JAVA_LONG, 0, CONTEXT_BYTES);
      init.set(JAVA_BOOLEAN, 16, true);
      MemorySegment context =
          (MemorySegment) LIBRARY.invoke("ggml_init", FunctionDescriptor.of(ADDRESS, INIT), init);
      MemorySegment w = tensor(context, type, columns, rows);
      MemorySegment in = tensor(context, GgmlType.F32, columns, x.length / columns);
      MemorySegment product = pointer("ggml_mul_mat", pointers(3), context, w, in);
      MemorySegment graph = pointer("ggml_new_graph", pointers(1), context);
      LIBRARY.call(
          "ggml_build_forward_expand", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS), graph, product);
      MemorySegment backend =
          pointer(
              "ggml_backend_init_by_type",
              FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS),
              CPU,
              MemorySegment.NULL);
      MemorySegment buffer =
          pointer("ggml_backend_alloc_ctx_tensors", pointers(2), context, backend);
      copy(
          "ggml_backend_tensor_set",
          w,
          arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE, blocks));
      copy("ggml_backend_tensor_set", in, arena.allocateFrom(JAVA_FLOAT, x));
      Object status =
          LIBRARY.invoke(
              "ggml_backend_graph_compute",
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS),
              backend,
              graph);
      MemorySegment y = arena.allocate(JAVA_FLOAT, (long) x.length / columns * rows);
      copy("ggml_backend_tensor_get", product, y);
      LIBRARY.call("ggml_backend_buffer_free", FunctionDescriptor.ofVoid(ADDRESS), buffer);
      LIBRARY.call("ggml_backend_free", FunctionDescriptor.ofVoid(ADDRESS), backend);
      LIBRARY.call("ggml_free", FunctionDescriptor.ofVoid(ADDRESS), context);
      if (!status.equals(0)) {
        throw new AssertionError("ggml could not multiply: status " + status);
      }
      return y.toArray(JAVA_FLOAT);
    }
  }

  private static MemorySegment tensor(
      MemorySegment context, GgmlType type, long width, long height) {
    return pointer(
        "ggml_new_tensor_2d",
        FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG),
        context,
        type.id(),
        width,
        height);
  }

  /** Between a tensor and memory. */
  private static void copy(String name, MemorySegment tensor, MemorySegment memory) {
    LIBRARY.call(
        name,
        FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG),
        tensor,
        memory,
        0L,
        memory.byteSize());
  }

  private static FunctionDescriptor pointers(int count) {
    MemoryLayout[] arguments = new MemoryLayout[count];
    java.util.Arrays.fill(arguments, ADDRESS);
    return FunctionDescriptor.of(ADDRESS, arguments);
  }

  private static MemorySegment pointer(
      String name, FunctionDescriptor descriptor, Object... arguments) {
    return (MemorySegment) LIBRARY.invoke(name, descriptor, arguments);
  }
}
