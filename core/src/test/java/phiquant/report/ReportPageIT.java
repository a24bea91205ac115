package phiquant.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.engines.Engines;

/** The page in a real browser: drawn with its colours, and laid out without anything cut off. */
class ReportPageIT {
  @TempDir Path folder;

  @Test
  void theBrowserDrawsThePage() throws Exception {
    Path picture = folder.resolve("page.png");
    chromium("--screenshot=" + picture, "--window-size=1360,2400");
    BufferedImage image = ImageIO.read(picture.toFile());
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; y < image.getHeight(); y += 2) {
      for (int x = 0; x < image.getWidth(); x += 2) {
        colours.add(image.getRGB(x, y) & 0xffffff);
      }
    }
    // The paper; the points of GGUF, MLX and OpenVINO on the plot; a shade of the heat map.
    assertThat(colours).contains(0xfdfcfa, 0x0b62b8, 0xa83279, 0xb34700, 0x26797f);
  }

  @Test
  void thePagePrints() throws Exception {
    Path pdf = folder.resolve("page.pdf");
    chromium("--print-to-pdf=" + pdf);
    assertThat(Files.size(pdf)).isGreaterThan(20_000);
    assertThat(new String(Files.readAllBytes(pdf), 0, 5)).isEqualTo("%PDF-");
  }

  private void chromium(String... what) throws Exception {
    Path page = folder.resolve("report.html");
    Files.writeString(page, ReportPage.of(Evaluations.invented()));
    List<String> command =
        new java.util.ArrayList<>(
            List.of(
                Engines.chromium(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--hide-scrollbars",
                // Not in the test's folder: the browser may still write there when it has ended.
                "--user-data-dir=" + Files.createTempDirectory("browser")));
    command.addAll(List.of(what));
    command.add(page.toUri().toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }
}
