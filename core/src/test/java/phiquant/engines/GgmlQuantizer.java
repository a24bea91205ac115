package phiquant.engines;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Map;
import phiquant.quant.ggml.GgmlType;

/**
 * llama.cpp's own quantizers: {@code quantize_*} and {@code dequantize_row_*} for blocks, {@code
 * llama_model_quantize} for files.
 */
public final class GgmlQuantizer {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout PARAMETERS =
      MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_LONG));
  private static final SymbolLookup SYMBOLS = open();

  private GgmlQuantizer() {}

  private static SymbolLookup open() {
    LlamaLibrary.open(Engines.llamaLibrary());
    Arena forever = Arena.global();
    Path folder = Engines.llamaLibrary();
    SymbolLookup base = SymbolLookup.libraryLookup(folder.resolve("libggml-base.so"), forever);
    SymbolLookup llama = SymbolLookup.libraryLookup(folder.resolve("libllama.v0.5.0.so"), forever);
    return base.or(llama);
  }

  private static String name(GgmlType type) {
    return type.name().toLowerCase(java.util.Locale.ROOT).replace("_k", "_K");
  }

  /** Blocks as ggml encodes them without an importance matrix, one row. */
  public static byte[] encode(GgmlType type, float[] x) {
    return encode(type, x, x.length, null);
  }

  /**
   * Blocks as ggml encodes rows.
   *
   * @param importance of the columns, or null
   */
  public static byte[] encode(GgmlType type, float[] x, int columns, float[] importance) {
    MethodHandle handle =
        LINKER.downcallHandle(
            SYMBOLS.findOrThrow("quantize_" + name(type)),
            FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocateFrom(JAVA_FLOAT, x);
      long size = (long) x.length / type.blockSize() * type.blockBytes();
      MemorySegment out = arena.allocate(size, 64);
      MemorySegment weights =
          importance == null ? MemorySegment.NULL : arena.allocateFrom(JAVA_FLOAT, importance);
      // Makes the tables that the low-bit types search in.
      LINKER
          .downcallHandle(
              SYMBOLS.findOrThrow("ggml_quantize_init"), FunctionDescriptor.ofVoid(JAVA_INT))
          .invoke(type.id());
      long rows = x.length / columns;
      long written = (long) handle.invoke(in, out, rows, (long) columns, weights);
      if (written != size) {
        throw new AssertionError(type + ": ggml wrote " + written + " bytes, not " + size);
      }
      return out.toArray(JAVA_BYTE);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Weights as ggml decodes blocks. */
  public static float[] decode(GgmlType type, byte[] blocks, int count) {
    MethodHandle handle =
        LINKER.downcallHandle(
            SYMBOLS.findOrThrow("dequantize_row_" + name(type)),
            FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocate(blocks.length, 64);
      MemorySegment.copy(blocks, 0, in, JAVA_BYTE, 0, blocks.length);
      MemorySegment out = arena.allocate(JAVA_FLOAT, count);
      handle.invoke(in, out, (long) count);
      return out.toArray(JAVA_FLOAT);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Quantizes a file as llama-quantize does; {@code fileType} is llama.h's number. */
  public static void quantize(Path source, Path target, int fileType, boolean pure) {
    quantize(source, target, fileType, pure, false, null, null, Map.of());
  }

  /**
   * With all options; a type that is null is not given.
   *
   * @param overrides types by pattern of tensor names, the first match counts
   */
  public static void quantize(
      Path source,
      Path target,
      int fileType,
      boolean pure,
      boolean leaveOutput,
      GgmlType outputType,
      GgmlType embeddingType,
      Map<String, GgmlType> overrides) {
    quantize(
        source,
        target,
        fileType,
        pure,
        leaveOutput,
        outputType,
        embeddingType,
        overrides,
        Map.of(),
        Map.of());
  }

  /**
   * With an importance matrix as llama-quantize hands it over.
   *
   * @param importance means by tensor
   * @param keys texts and numbers that are added to the header
   */
  public static void quantize(
      Path source,
      Path target,
      int fileType,
      Map<String, float[]> importance,
      Map<String, Object> keys) {
    quantize(source, target, fileType, false, false, null, null, Map.of(), importance, keys);
  }

  private static void quantize(
      Path source,
      Path target,
      int fileType,
      boolean pure,
      boolean leaveOutput,
      GgmlType outputType,
      GgmlType embeddingType,
      Map<String, GgmlType> overrides,
      Map<String, float[]> importance,
      Map<String, Object> keys) {
    MethodHandle defaults =
        LINKER.downcallHandle(
            SYMBOLS.findOrThrow("llama_model_quantize_default_params"),
            FunctionDescriptor.of(PARAMETERS));
    MethodHandle quantize =
        LINKER.downcallHandle(
            SYMBOLS.findOrThrow("llama_model_quantize"),
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment parameters = (MemorySegment) defaults.invoke((SegmentAllocator) arena);
      parameters.set(JAVA_INT, 0, Runtime.getRuntime().availableProcessors());
      parameters.set(JAVA_INT, 4, fileType);
      if (outputType != null) {
        parameters.set(JAVA_INT, 8, outputType.id());
      }
      if (embeddingType != null) {
        parameters.set(JAVA_INT, 12, embeddingType.id());
      }
      parameters.set(JAVA_BYTE, 17, (byte) (leaveOutput ? 0 : 1));
      parameters.set(JAVA_BYTE, 19, (byte) (pure ? 1 : 0));
      if (!overrides.isEmpty()) {
        parameters.set(ADDRESS, 40, overrides(overrides, arena));
      }
      if (!importance.isEmpty()) {
        parameters.set(ADDRESS, 24, importance(importance, arena));
      }
      if (!keys.isEmpty()) {
        parameters.set(ADDRESS, 32, keys(keys, arena));
      }
      int code =
          (int)
              quantize.invoke(
                  arena.allocateFrom(source.toString()),
                  arena.allocateFrom(target.toString()),
                  parameters);
      if (code != 0) {
        throw new AssertionError("llama_model_quantize returned " + code);
      }
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** An array of {@code llama_model_tensor_override}, ended by one without a pattern. */
  private static MemorySegment overrides(Map<String, GgmlType> overrides, Arena arena) {
    MemorySegment array = arena.allocate(16L * (overrides.size() + 1), 8);
    long at = 0;
    for (Map.Entry<String, GgmlType> override : overrides.entrySet()) {
      array.set(ADDRESS, at, arena.allocateFrom(override.getKey()));
      array.set(JAVA_INT, at + 8, override.getValue().id());
      at += 16;
    }
    return array;
  }

  /** An array of {@code llama_model_imatrix_data}, ended by one without a name. */
  private static MemorySegment importance(Map<String, float[]> importance, Arena arena) {
    MemorySegment array = arena.allocate(24L * (importance.size() + 1), 8);
    long at = 0;
    for (Map.Entry<String, float[]> entry : importance.entrySet()) {
      array.set(ADDRESS, at, arena.allocateFrom(entry.getKey()));
      array.set(ADDRESS, at + 8, arena.allocateFrom(JAVA_FLOAT, entry.getValue()));
      array.set(JAVA_LONG, at + 16, entry.getValue().length);
      at += 24;
    }
    return array;
  }

  /** An array of {@code llama_model_kv_override}, ended by one without a key: numbers and texts. */
  private static MemorySegment keys(Map<String, Object> keys, Arena arena) {
    long size = 264;
    MemorySegment array = arena.allocate(size * (keys.size() + 1), 8);
    long at = 0;
    for (Map.Entry<String, Object> entry : keys.entrySet()) {
      boolean number = entry.getValue() instanceof Integer;
      array.set(JAVA_INT, at, number ? 0 : 3); // LLAMA_KV_OVERRIDE_TYPE_INT, …_STR
      array.setString(at + 4, entry.getKey());
      if (number) {
        array.set(JAVA_LONG, at + 136, (int) entry.getValue());
      } else {
        array.setString(at + 136, (String) entry.getValue());
      }
      at += size;
    }
    return array;
  }
}
