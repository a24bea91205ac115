package phiquant.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/** The ends of a turn, as the releases' files state them together. */
class EndTokensTest {
  @TempDir Path out;

  @ParameterizedTest
  @CsvSource({
    "phi-3.5-mini, '32000 32001 32007'",
    "phi-4, '100257 100265'",
    "phi-4-mini, '199999 200020'",
  })
  void releasesStateSeveral(String kind, String ids) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      assertThat(EndTokens.of(checkpoint)).map(String::valueOf).containsExactly(ids.split(" "));
    }
  }

  /** GGUF states 32000 only; a turn of Phi-3 ends with 32007. */
  @Test
  void theEndOfATurnIsKnownInGguf() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Path gguf = Quantize.of(checkpoint).to("gguf:Q4_0").into(out).get(0);
      try (Checkpoint file = Checkpoints.open(gguf)) {
        assertThat(EndTokens.of(file)).containsExactly(32000, 32007);
      }
    }
  }
}
