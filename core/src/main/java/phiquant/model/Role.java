package phiquant.model;

/** What a weight does in a transformer, whatever a file format calls it. */
public enum Role {
  EMBEDDING,
  /** The norm before attention; in a parallel block the feed-forward part reads it too. */
  ATTENTION_NORM,
  /** Query, key and value as one matrix. */
  QKV,
  QUERY,
  KEY,
  VALUE,
  ATTENTION_OUTPUT,
  FEED_FORWARD_NORM,
  /** Gate and up as one matrix. */
  GATE_UP,
  /** Up alone, in a feed-forward part without a gate. */
  UP,
  DOWN,
  OUTPUT_NORM,
  HEAD
}
