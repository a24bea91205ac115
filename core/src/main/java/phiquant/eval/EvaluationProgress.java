package phiquant.eval;

/** Is told how far an evaluation has come, in steps of work that are about equal. */
public interface EvaluationProgress {
  /** Tells nobody. */
  EvaluationProgress NONE =
      new EvaluationProgress() {
        @Override
        public void begin(String what, long total, String unit) {}

        @Override
        public void advance(long done) {}

        @Override
        public void end() {}
      };

  /** Something begins that has so many steps, tokens or weights. */
  void begin(String what, long total, String unit);

  /** That many more are done; any thread may say so. */
  void advance(long done);

  /** It is done. */
  void end();
}
