package phiquant.importance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.SequenceBatch;

class SelfWrittenTest {
  @TempDir Path folder;

  /** What a sequence gets in company is what it gets alone. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4-mini", "phi-2", "phi-mini-moe"})
  void sequencesOfABatchKnowNothingOfEachOther(String kind) {
    int count = 20;
    int[][] ids = new int[count][6];
    for (int i = 0; i < count; i++) {
      for (int t = 0; t < ids[i].length; t++) {
        ids[i][t] = (7919 * (i + 31 * t) + 13) % 32000;
      }
    }
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind));
        SequenceBatch batch = new SequenceBatch(checkpoint, count, 6, 2);
        LanguageModel model = LanguageModel.of(checkpoint, RunOptions.exact())) {
      float[][] last = new float[count][];
      for (int t = 0; t < 6; t++) {
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
          tokens[i] = ids[i][t];
        }
        batch.append(tokens, (i, logits) -> last[i] = logits.clone());
      }
      for (int i = 0; i < count; i += 7) {
        float[] alone = model.logits(ids[i], model.cache(6));
        for (int token = 0; token < alone.length; token += 31) {
          assertThat(last[i][token]).isCloseTo(alone[token], within(2e-4f));
        }
      }
    }
  }

  @Test
  void threadsMakeNoDifference() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      PhiModel model = Family.model(checkpoint);
      SelfWritten written = new SelfWritten(model, folder.resolve("m.gguf"), 20, 8);
      int[][] one = written.written(1, CalibrationProgress.NONE);
      assertThat(written.written(3, CalibrationProgress.NONE)).isDeepEqualTo(one);
      assertThat(one).hasDimensions(20, 8);
      // Chance has a say in the first token and in each that follows.
      assertThat(List.of(one[0][0], one[1][0], one[2][0])).doesNotHaveDuplicates();
    }
  }

  /** The text is kept, and read again, so that the matrix can be made again on any machine. */
  @Test
  void theTextIsKeptBesideTheMatrix() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      PhiModel model = Family.model(checkpoint);
      Path matrix = folder.resolve("own.gguf");
      SelfWritten written = new SelfWritten(model, matrix, 20, 8);
      written.write(2, CalibrationProgress.NONE);
      assertThat(written.file().getFileName().toString()).matches("own\\.self-[0-9a-f]{8}\\.txt");
      String text = Files.readString(written.file());
      assertThat(text.split("\n\n").length).isGreaterThanOrEqualTo(20);
      Files.writeString(written.file(), text + " And more.");
      Importance made = Calibrate.of(checkpoint).self(true).tokens(512).into(matrix);
      assertThat(Files.readString(written.file())).endsWith("And more.");
      assertThat(made.datasets())
          .containsExactly(
              CalibrationText.builtIn().names().get(0), written.file().getFileName().toString());
    }
  }
}
