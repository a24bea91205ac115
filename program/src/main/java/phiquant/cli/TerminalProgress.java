package phiquant.cli;

import me.tongfei.progressbar.ProgressBar;

/** A bar on the terminal with rate and time left. Notices come before it. */
final class TerminalProgress extends Notices {
  private ProgressBar bar;

  @Override
  public void begin(String pass, long total) {
    bar = ByteBar.begin(pass, total);
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
