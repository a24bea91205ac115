package phiquant.run.attention;

/** What keys and values are kept as. */
public enum CacheType {
  F32,
  F16,
  /** Signed bytes, with one f32 scale for each vector of a head. */
  INT8
}
