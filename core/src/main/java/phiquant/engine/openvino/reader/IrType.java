package phiquant.engine.openvino.reader;

import java.util.Locale;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout.Code;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.F4E2M1;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.Nf4;

/** Element types of an IR's constants that weights, scales and zero points have. */
enum IrType {
  F32(32, DType.F32),
  F16(16, DType.F16),
  BF16(16, DType.BF16),
  F8E8M0(8, DType.F8_E8M0),
  U8(8, Code.U8),
  I8(8, Code.I8),
  U4(4, Code.U4),
  I4(4, Code.I4),
  NF4(4, Code.NF4),
  F4E2M1(4, Code.F4E2M1);

  private final int bits;
  private final DType dtype;
  private final Code code;

  IrType(int bits, DType dtype) {
    this.bits = bits;
    this.dtype = dtype;
    this.code = null;
  }

  IrType(int bits, Code code) {
    this.bits = bits;
    this.dtype = null;
    this.code = code;
  }

  /** The type of that name in a file: {@code f32}. */
  static Optional<IrType> named(String name) {
    for (IrType type : values()) {
      if (type.name().toLowerCase(Locale.ROOT).equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** Bits of an element. */
  int bits() {
    return bits;
  }

  /** The type of plain numbers, if it is one. */
  Optional<DType> dtype() {
    return Optional.ofNullable(dtype);
  }

  /** The kind of code, if it is one. */
  Optional<Code> code() {
    return Optional.ofNullable(code);
  }

  /** How such codes are decoded. */
  static CompressionFormat format(Code code) {
    return switch (code) {
      case U4 -> IntegerFormat.INT4_ASYM;
      case I4 -> IntegerFormat.INT4_SYM;
      case U8 -> IntegerFormat.INT8_ASYM;
      case I8 -> IntegerFormat.INT8_SYM;
      case NF4 -> new Nf4();
      case F4E2M1 -> new F4E2M1();
    };
  }
}
