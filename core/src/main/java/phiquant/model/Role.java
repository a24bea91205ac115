package phiquant.model;

import java.util.List;

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
  GATE,
  /** Up alone: beside a gate of its own, or in a feed-forward part without one. */
  UP,
  DOWN,
  /** What scores experts. */
  ROUTER,
  /** Of one expert; a layer has as many as experts, in their order. */
  EXPERT_GATE,
  EXPERT_UP,
  EXPERT_DOWN,
  OUTPUT_NORM,
  HEAD;

  /** Whether a layer has one for each expert. */
  public boolean isExpert() {
    return this == EXPERT_GATE || this == EXPERT_UP || this == EXPERT_DOWN;
  }

  /** What a matrix is made of, one below the other; one that is not fused is its only part. */
  public List<Role> parts() {
    return switch (this) {
      case QKV -> List.of(QUERY, KEY, VALUE);
      case GATE_UP -> List.of(GATE, UP);
      default -> List.of(this);
    };
  }
}
