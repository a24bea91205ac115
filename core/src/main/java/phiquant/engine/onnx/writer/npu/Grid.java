package phiquant.engine.onnx.writer.npu;

import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.study.ActivationRange;

/**
 * The codes of a value: {@code x ≈ (code - zero) * step}.
 *
 * @param type of codes
 * @param step between two neighbours
 * @param zero the code of zero
 */
record Grid(ElementType type, float step, int zero) {
  /** Other texts reach farther than the one that was measured; of 16 bits it costs a fraction. */
  static final float MARGIN = 1.5f;

  /** 16 bits for numbers between two bounds. */
  static Grid between(float min, float max) {
    ActivationRange range = new ActivationRange(Math.min(min, 0), Math.max(max, 0), 0);
    return new Grid(ElementType.UINT16, range.step(16), range.zeroPoint(16));
  }

  /** 16 bits for what was measured. */
  static Grid of(ActivationRange range) {
    return between(MARGIN * range.min(), MARGIN * range.max());
  }

  /**
   * For keys and values. A product's second factor has 8 bits on older HTPs; from v73 on it may
   * have 16 if zero is in the middle, while one with a zero point is rounded to 8 without a word
   * (onnxruntime-qnn 2.7.0, simulated).
   */
  static Grid ofCache(ActivationRange range, int bits) {
    if (bits == 8) {
      return new Grid(ElementType.UINT8, range.step(8), range.zeroPoint(8));
    }
    float most = MARGIN * Math.max(-range.min(), range.max());
    return new Grid(ElementType.INT16, most > 0 ? most / Short.MAX_VALUE : 1, 0);
  }
}
