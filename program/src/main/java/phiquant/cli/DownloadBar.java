package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;
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
    bar = ByteBar.begin(task, total);
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
