package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on the terminal with rate and time left. Notices come before it. */
final class TerminalProgress extends Notices {
  private ProgressBar bar;

  @Override
  public void begin(String pass, long total) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(pass)
            .setInitialMax(total)
            .setUnit(" MB", 1_000_000)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(200)
            .showSpeed()
            .build();
  }

  @Override
  public void advance(long bytes) {
    bar.stepBy(bytes);
  }

  @Override
  public void end() {
    bar.close();
  }
}
