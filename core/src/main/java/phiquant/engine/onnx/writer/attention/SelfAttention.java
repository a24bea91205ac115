package phiquant.engine.onnx.writer.attention;

import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;

/**
 * Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245) in one of the forms that the
 * engine's providers have operators for.
 */
public interface SelfAttention {
  /**
   * One layer, without its output projection.
   *
   * @param x shape [batch, sequence, hidden]
   * @param attention its products, how scores are scaled, and which positions are left out
   * @return shape [batch, sequence, heads · head size]
   */
  Value of(int layer, Value x, Attention attention);
}
