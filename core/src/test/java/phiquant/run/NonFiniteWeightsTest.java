package phiquant.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/** A model with one infinite weight computes no numbers; it is refused, and the weight named. */
class NonFiniteWeightsTest {
  private static final String TENSOR = "model.layers.1.mlp.down_proj.weight";

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void spoil() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Fixtures.tinyPhi4Mini())) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    try (RandomAccessFile file =
        new RandomAccessFile(model.resolve("model.safetensors").toFile(), "rw")) {
      byte[] header = new byte[(int) Long.reverseBytes(file.readLong())];
      file.readFully(header);
      Matcher place =
          Pattern.compile(Pattern.quote(TENSOR) + "\"[^}]*data_offsets\": ?\\[(\\d+)")
              .matcher(new String(header, UTF_8));
      place.find();
      file.seek(8 + header.length + Long.parseLong(place.group(1)) + 200);
      file.writeShort(0x807f); // Infinity as bfloat16, little-endian.
    }
  }

  @Test
  void aCheckpointIsRefusedByTheNameOfItsTensor() {
    assertRefused(model);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gguf:F16", "gguf:Q8_0", "mlx:4bit"})
  void anArtifactIsRefusedByTheNameOfItsTensor(String target) {
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      Path artifact =
          Quantize.of(checkpoint).allowNonFinite(true).to(target).into(folder).getFirst();
      assertRefused(artifact);
    }
  }

  private static void assertRefused(Path artifact) {
    try (LanguageModel opened =
        LanguageModel.open(Checkpoints.open(artifact), RunOptions.defaults())) {
      int[] prompt = {1, 2, 3, 4, 5, 6, 7, 8};
      assertThatThrownBy(() -> opened.logits(prompt, opened.cache(16)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(TENSOR)
          .hasMessageContaining("NaN or infinite");
    }
  }
}
