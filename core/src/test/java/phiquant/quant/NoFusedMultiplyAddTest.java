package phiquant.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The peers' encoders are compiled without fused multiply-add; one in ours would change bytes. */
class NoFusedMultiplyAddTest {
  @Test
  void noEncoderFusesMultiplyAndAdd() throws IOException {
    try (Stream<Path> sources = Files.walk(Path.of("core/src/main/java/phiquant/quant"))) {
      List<Path> guilty =
          sources
              .filter(path -> path.toString().endsWith(".java"))
              .filter(NoFusedMultiplyAddTest::fuses)
              .toList();
      assertThat(guilty).isEmpty();
    }
  }

  private static boolean fuses(Path source) {
    try {
      return Files.readString(source)
          .matches("(?s).*(\\.fma\\(|VectorOperators\\.FMA|\\bFMA\\b).*");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
