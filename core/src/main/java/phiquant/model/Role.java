package phiquant.model;

/** What a weight does in a transformer, whatever a file format calls it. */
public enum Role {
  EMBEDDING,
  ATTENTION_NORM,
  QKV,
  ATTENTION_OUTPUT,
  FEED_FORWARD_NORM,
  GATE_UP,
  DOWN,
  OUTPUT_NORM,
  HEAD
}
