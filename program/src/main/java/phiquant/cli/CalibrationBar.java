package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import phiquant.importance.CalibrationProgress;

/** A bar on the terminal, with speed and time left. */
final class CalibrationBar implements CalibrationProgress {
  private ProgressBar bar;

  @Override
  public void begin(String what, long total, long done) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(what)
            .setInitialMax(total)
            .startsFrom(done, java.time.Duration.ZERO)
            .setUnit(" tokens", 1)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .showSpeed()
            .build();
  }

  @Override
  public void advance(long tokens) {
    bar.stepBy(tokens);
  }

  @Override
  public void end() {
    bar.close();
  }
}
