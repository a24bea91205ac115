package phiquant.pipeline;

/** Is told how far a pass has come, in bytes of the source; called by many threads. */
public interface Progress {
  /** Tells nobody. */
  Progress NONE = new Progress() {};

  /** Something worth a line was found where artifacts go, before the pass begins. */
  default void notice(String text) {}

  /** The pass begins and will read that many bytes. */
  default void begin(long total) {}

  /** That many more are done. */
  default void advance(long bytes) {}

  /** The pass has ended, well or not. */
  default void end() {}
}
