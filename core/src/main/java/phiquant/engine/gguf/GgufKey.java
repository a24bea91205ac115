package phiquant.engine.gguf;

/**
 * The keys of an architecture in a file's metadata, without its prefix, for reading and writing
 * alike. Source: {@code Keys} in gguf-py's constants.py.
 */
public enum GgufKey {
  CONTEXT("context_length"),
  HIDDEN("embedding_length"),
  FEED_FORWARD("feed_forward_length"),
  LAYERS("block_count"),
  VOCABULARY("vocab_size"),
  HEADS("attention.head_count"),
  KV_HEADS("attention.head_count_kv"),
  KEY_SIZE("attention.key_length"),
  VALUE_SIZE("attention.value_length"),
  LAYER_NORM_EPSILON("attention.layer_norm_epsilon"),
  RMS_NORM_EPSILON("attention.layer_norm_rms_epsilon"),
  SLIDING_WINDOW("attention.sliding_window"),
  ROTARY_SIZE("rope.dimension_count"),
  ROPE_THETA("rope.freq_base"),
  ATTENTION_FACTOR("rope.scaling.attn_factor"),
  ORIGINAL_CONTEXT("rope.scaling.original_context_length"),
  FINETUNED("rope.scaling.finetuned"),
  EXPERTS_USED("expert_used_count"),
  EXPERTS("expert_count"),
  TENSOR_LAYOUT("tensor_data_layout");

  private final String text;

  GgufKey(String text) {
    this.text = text;
  }

  /** The key behind the prefix. */
  public String text() {
    return text;
  }
}
