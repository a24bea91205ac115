package phiquant.engine.onnx.writer.npu;

import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;

/** Attention with a cache of a fixed size, in the operators that a form of values asks for. */
@FunctionalInterface
interface FixedAttention {
  /**
   * One layer.
   *
   * @param qkv rows of queries, then of keys, then of values
   */
  Value of(Attention attention, Value qkv, int layer);
}
