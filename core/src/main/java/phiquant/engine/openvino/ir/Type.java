package phiquant.engine.openvino.ir;

import java.util.Locale;

/** Element types of OpenVINO, under the names that an IR gives them. */
public enum Type {
  I64,
  I32,
  F32,
  F16,
  U8,
  I8,
  U4,
  I4,
  NF4,
  F4E2M1,
  F8E8M0,
  BOOLEAN,
  STRING;

  /** As attributes name it: {@code f32}. */
  public String attribute() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** As ports name it: {@code FP32}. */
  public String port() {
    return switch (this) {
      case F32 -> "FP32";
      case F16 -> "FP16";
      case BOOLEAN -> "BOOL";
      default -> name();
    };
  }
}
