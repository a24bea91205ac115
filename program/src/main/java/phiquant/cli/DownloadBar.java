package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import phiquant.hub.DownloadProgress;

/** A bar on the terminal for what comes over the network, or goes. */
final class DownloadBar implements DownloadProgress {
  private final String task;
  private ProgressBar bar;

  /** Says what is done. */
  DownloadBar(String task) {
    this.task = task;
  }

  @Override
  public void begin(long total) {
    bar =
        new ProgressBarBuilder()
            .setTaskName(task)
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
