package phiquant.importance;

/** Is told how far a calibration has come. */
public interface CalibrationProgress {
  /** Tells nobody. */
  CalibrationProgress NONE =
      new CalibrationProgress() {
        @Override
        public void begin(String what, long total, long done) {}

        @Override
        public void advance(long tokens) {}

        @Override
        public void end() {}
      };

  /**
   * Something begins.
   *
   * @param what in a word
   * @param total tokens; in a calibration each is counted once in every layer
   * @param done how many of them a run that was killed had finished
   */
  void begin(String what, long total, long done);

  /** That many more are done. */
  void advance(long tokens);

  /** It is done. */
  void end();
}
