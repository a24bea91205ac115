package phiquant.model;

/** What a transformer repeats: takes the residual stream in and gives it on. */
public interface Block {
  /** The stream after this block, which is the layer of that number from 0. */
  <V> V of(V stream, int layer, Flow<V> flow);
}
