package phiquant.pipeline;

/** Is told how far work has come, in bytes of the source; called by many threads. */
public interface Progress {
  /** Tells nobody. */
  Progress NONE = new Progress() {};

  /** Something worth a line was found where artifacts go, before anything is read. */
  default void notice(String text) {}

  /** A pass over the weights begins, called so, and will read that many bytes. */
  default void begin(String pass, long total) {}

  /** That many more are done. */
  default void advance(long bytes) {}

  /** The pass that has begun has ended, well or not. */
  default void end() {}
}
