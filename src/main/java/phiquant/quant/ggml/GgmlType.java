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
  IQ4_NL(20, 32, 18),
  IQ4_XS(23, 256, 136),
  BF16(30, 1, 2),
  TQ1_0(34, 256, 54),
  TQ2_0(35, 256, 66),
  MXFP4(39, 32, 17);

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
