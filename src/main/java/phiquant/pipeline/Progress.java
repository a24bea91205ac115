package phiquant.pipeline;

/** Is told how far a pass has come, in bytes of the source; called by many threads. */
public interface Progress {
  /** Tells nobody. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(long total) {}

        @Override
        public void advance(long bytes) {}

        @Override
        public void end() {}
      };

  /** The pass begins and will read that many bytes. */
  void begin(long total);

  /** That many more are done. */
  void advance(long bytes);

  /** The pass has ended, well or not. */
  void end();
}
