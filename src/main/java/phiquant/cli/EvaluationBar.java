package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import phiquant.eval.EvaluationProgress;

/** A bar on the terminal for each model that is evaluated, with tokens a second and time left. */
final class EvaluationBar implements EvaluationProgress {
  private ProgressBar bar;

  @Override
  public void begin(String what, long total) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(total)
            .setUnit(" tokens", 1)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .showSpeed()
            .build();
  }

  @Override
  public void advance(long done) {
    bar.stepBy(done);
  }

  @Override
  public void end() {
    bar.close();
  }
}
