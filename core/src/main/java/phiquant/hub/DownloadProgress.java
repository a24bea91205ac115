package phiquant.hub;

/** Is told how far a download has come. */
public interface DownloadProgress {
  /** Tells nobody. */
  DownloadProgress NONE = new DownloadProgress() {};

  /** So many bytes will come. */
  default void begin(long total) {}

  /** So many more have. */
  default void advance(long bytes) {}

  /** No more come, whether all did or not. */
  default void end() {}
}
