package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.bench.ProfilelessJvm;
import phiquant.bench.TokenGarbage;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/**
 * A token is computed in memory that is there, whatever the JVM has seen before ({@link
 * ProfilelessJvm}): once code that loads vectors is compiled, only the look at the file's size and
 * date is left of it.
 */
class TokenMemoryTest {
  private static final int MOST_BYTES = 1000;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"Q4_K_M", "Q8_0", "F16"})
  void aTokenAllocatesNothing(String type) throws Exception {
    Path model = folder.resolve("model.gguf");
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Quantize.of(checkpoint).to("gguf:" + type).into(model);
    }
    assertThat(ProfilelessJvm.run(TokenGarbage.class, model.toString(), String.valueOf(MOST_BYTES)))
        .singleElement()
        .satisfies(bytes -> assertThat(Long.parseLong(bytes)).isLessThanOrEqualTo(MOST_BYTES));
  }
}
