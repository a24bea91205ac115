package phiquant.checkpoint;

import java.util.Locale;
import java.util.Optional;

/**
 * Element types of a safetensors file, named as its header names them (safetensors' README and
 * {@code tensor.rs}). Only {@link #isWeight() three of them} can be read as weights; the others are
 * listed by {@code inspect} and refused where a weight is needed.
 */
public enum DType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  F8_E4M3(1),
  F8_E5M2(1),
  F8_E8M0(1),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether phiquant reads weights of this type: F32, F16 and BF16. */
  public boolean isWeight() {
    return this == F32 || this == F16 || this == BF16;
  }

  /** The type of that name, if there is one. */
  public static Optional<DType> named(String name) {
    for (DType type : values()) {
      if (type.name().equals(name.toUpperCase(Locale.ROOT))) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
