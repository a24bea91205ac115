package phiquant.run;

/**
 * In what precision the inputs of the linear layers are multiplied. Engines round them, which is
 * part of what a user gets; f32 shows what the weights alone are worth.
 */
public enum Activations {
  /** As they are. */
  F32,
  /**
   * As the engine of the format rounds them: to int8 in blocks where the weights are quantized
   * integers, to the type of the weights where llama.cpp multiplies F16 and BF16.
   */
  INT8
}
