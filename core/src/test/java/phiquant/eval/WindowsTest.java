package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;

class WindowsTest {
  @TempDir Path folder;

  @Test
  void windowsFollowEachOther() {
    Windows windows = Windows.cut(text(100), ids(0, 25), 8, 10);
    assertThat(windows.tokens()).isDeepEqualTo(new int[][] {ids(0, 10), ids(10, 20)});
    assertThat(windows.predicted()).isEqualTo(18);
    assertThat(Windows.cut(text(100), ids(0, 25), 1, 10).count()).isEqualTo(1);
  }

  /** 25 tokens of 100 characters: a window of 50 takes 200. */
  @Test
  void textsThatAreTooShortHearHowLongTheyMustBe() {
    assertThatThrownBy(() -> Windows.cut(text(100), ids(0, 25), 1, 50))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("25 tokens")
        .extracting(error -> ((UserError) error).hint())
        .asString()
        .contains("200 characters");
  }

  @Test
  void whatIsNoTextIsRefused() throws Exception {
    Path file = folder.resolve("picture.png");
    Files.write(file, new byte[] {(byte) 0x89, 'P', 'N', 'G', (byte) 0xff});
    assertThatThrownBy(() -> EvaluationText.of(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("UTF-8");
    assertThatThrownBy(() -> EvaluationText.of(folder.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("none");
  }

  /** Enough for 8 windows of 512 tokens of any Phi, with prose, code, mathematics and Italian. */
  @Test
  void theBuiltInTextHasItsParts() {
    String text = EvaluationText.builtIn().text();
    assertThat(text.getBytes(StandardCharsets.UTF_8).length).isBetween(30_000, 60_000);
    assertThat(text.substring(0, 8000))
        .contains("White Rabbit", "def quantize", "discriminant", "C'era una volta");
    assertThat(text).doesNotContain("Gutenberg", "\r", "\t");
  }

  private static EvaluationText text(int characters) {
    return new EvaluationText("text", "x".repeat(characters));
  }

  private static int[] ids(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
