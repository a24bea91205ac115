package phiquant.quant.ggml;

import java.util.Locale;
import java.util.Optional;

/**
 * The tensor types of GGUF that phiquant reads and writes, with the numbers that stand for them in
 * a file ({@code enum ggml_type} in ggml.h) and the size of a block (ggml-common.h).
 */
public enum GgmlType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  IQ2_XXS(16, 256, 66),
  IQ2_XS(17, 256, 74),
  IQ3_XXS(18, 256, 98),
  IQ1_S(19, 256, 50),
  IQ4_NL(20, 32, 18),
  IQ3_S(21, 256, 110),
  IQ2_S(22, 256, 82),
  IQ4_XS(23, 256, 136),
  IQ1_M(29, 256, 56),
  BF16(30, 1, 2),
  TQ1_0(34, 256, 54),
  TQ2_0(35, 256, 66),
  MXFP4(39, 32, 17),
  NVFP4(40, 64, 36),
  Q1_0(41, 128, 18),
  Q2_0(42, 64, 18);

  private final int id;
  private final int blockSize;
  private final int blockBytes;

  GgmlType(int id, int blockSize, int blockBytes) {
    this.id = id;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** The number that stands for this type in a GGUF file. */
  public int id() {
    return id;
  }

  /** Weights in a block. */
  public int blockSize() {
    return blockSize;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether blocks of this type are quantized numbers rather than plain floats. */
  public boolean isQuantized() {
    return blockSize > 1;
  }

  /**
   * Whether weights of this type are garbage unless they were chosen by an importance matrix, so
   * that llama-quantize refuses to do without. Source: {@code tensor_requires_imatrix} of
   * llama-quant.cpp.
   */
  public boolean needsImportance() {
    return switch (this) {
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS -> true;
      default -> false;
    };
  }

  /** The type of that number in a file, if phiquant knows it. */
  public static Optional<GgmlType> withId(int id) {
    for (GgmlType type : values()) {
      if (type.id == id) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** The type of that name in any case, if there is one. */
  public static Optional<GgmlType> named(String name) {
    for (GgmlType type : values()) {
      if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
