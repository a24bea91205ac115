package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import phiquant.eval.EvaluationProgress;

/** A bar on the terminal for each model that is evaluated, with speed and time left. */
final class EvaluationBar implements EvaluationProgress {
  private ProgressBar bar;

  @Override
  public void begin(String what, long total, String unit) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(total)
            .setUnit(" " + unit, 1)
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
