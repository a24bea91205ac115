package phiquant.importance;

/** Is told how far a calibration has come. */
public interface CalibrationProgress {
  /** Tells nobody. */
  CalibrationProgress NONE =
      new CalibrationProgress() {
        @Override
        public void begin(long total, long done) {}

        @Override
        public void advance(long tokens) {}

        @Override
        public void end() {}
      };

  /**
   * It begins.
   *
   * @param total tokens, each counted once in every layer
   * @param done how many of them a run that was killed had finished
   */
  void begin(long total, long done);

  /** That many more are done. */
  void advance(long tokens);

  /** It is done. */
  void end();
}
