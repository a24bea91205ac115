package phiquant.picture;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;

/** Hears whether a reader had to make up an end: JPEG's fills with gray and only warns of it. */
final class Truncation implements IIOReadWarningListener {
  private boolean seen;

  @Override
  public void warningOccurred(ImageReader source, String warning) {
    seen |= warning.contains("Premature") || warning.contains("Truncated");
  }

  boolean seen() {
    return seen;
  }
}
