package phiquant.quant.matmulnbits;

import java.lang.foreign.MemorySegment;
import phiquant.quant.VectorSupport;

/**
 * Quantizes blocks of weights that lie one after the other: the arithmetic of one {@link
 * Algorithm}, in a scalar form that reads like the formula or in a vector form that must equal it
 * bit for bit. Holds no state.
 */
interface Blocks {
  /**
   * Finds grids and codes.
   *
   * @param x weights, {@code count * format.block()} of them from index {@code from}
   * @param codes receives a code for each weight, from index 0
   * @param scales receives a scale for each block, from index {@code at}
   * @param zeroPoints receives the code that stands for zero in each block, from {@code at}
   */
  void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] codes,
      float[] scales,
      int[] zeroPoints,
      int at);

  /**
   * Quantizes and packs blocks of whole rows, all there are, if this form does both at once.
   *
   * @param x weights, not yet rounded to the model's type
   * @param out receives packed codes
   * @return whether it does
   */
  default boolean pack(
      NBitsFormat format, float[] x, float[] scales, int[] zeroPoints, MemorySegment out) {
    return false;
  }

  /** The form to use. */
  static Blocks of(Algorithm algorithm) {
    return VectorSupport.available() ? vector(algorithm) : scalar(algorithm);
  }

  /** Codes on grids that are in {@code scales} and {@code zeroPoints} already. */
  static Blocks onGivenGrids() {
    return VectorSupport.available() ? new VectorEngineCodes() : new EngineCodes();
  }

  /** The form that reads like the formula. */
  static Blocks scalar(Algorithm algorithm) {
    return switch (algorithm) {
      case DEFAULT -> new EngineBlocks();
      case RTN -> new RoundToNearest();
      case K_QUANT -> new KQuant();
    };
  }

  /** The fast form. */
  static Blocks vector(Algorithm algorithm) {
    return switch (algorithm) {
      case DEFAULT -> new VectorEngineBlocks();
      case RTN -> new VectorRoundToNearest();
      case K_QUANT -> new VectorKQuant();
    };
  }
}
