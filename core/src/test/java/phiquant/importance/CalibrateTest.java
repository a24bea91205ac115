package phiquant.importance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engine.gguf.imatrix.ImportanceMatrix;
import phiquant.engine.gguf.writer.ImportanceFile;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.MatrixFile;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.tokenizer.Tokenizer;

class CalibrateTest {
  @TempDir Path folder;

  /** Read and written again, what llama.cpp's own collector made is the same file. */
  @Test
  void filesAreThoseOfLlamaImatrix() throws IOException {
    Path collected = MatrixFile.collected(folder);
    Importance importance = ImportanceReader.read(collected).importance();
    assertThat(ImportanceFile.bytes(importance, Map.of())).isEqualTo(Files.readAllBytes(collected));
  }

  /** Layer by layer gives what whole passes of the model give, with the head besides. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-2"})
  void sumsAreThoseOfWholePasses(String kind) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      Path file = folder.resolve("calibration.gguf");
      Importance made = Calibrate.of(checkpoint).tokens(1024).into(file);
      int length = made.chunkSize();
      int[][] sequences =
          Sequences.of(Family.model(checkpoint), CalibrationText.builtIn(), 1024).sequences();
      Map<String, double[]> expected = new TreeMap<>();
      try (LanguageModel model = LanguageModel.of(checkpoint, RunOptions.exact())) {
        model.observe(
            (weight, tokens, inputs) -> {
              String name = GgufNames.of(weight.role(), weight.layer(), weight.bias());
              int columns = Math.toIntExact(weight.tensor().columns());
              double[] sum = expected.computeIfAbsent(name, key -> new double[columns]);
              for (int i = 0; i < tokens * columns; i++) {
                sum[i % columns] += (double) inputs[i] * inputs[i];
              }
            });
        for (int[] sequence : sequences) {
          model.logits(sequence, model.cache(length), (index, logits) -> {});
        }
      }
      assertThat(made.entries().keySet()).isEqualTo(expected.keySet());
      expected.forEach(
          (name, squares) -> {
            ColumnSums sums = made.entries().get(name);
            assertThat(sums.counts()).containsExactly(sequences.length * length);
            for (int i = 0; i < squares.length; i++) {
              assertThat((double) sums.squares()[i])
                  .as(name)
                  .isCloseTo(squares[i], within(1e-4 * squares[i] + 1e-12));
            }
          });
      ImportanceMatrix read = ImportanceMatrix.read(file.toString());
      assertThat(read.datasets()).isEqualTo(CalibrationText.builtIn().names());
      assertThat(read.chunks()).isEqualTo(sequences.length);
      Quantize.of(checkpoint).to("gguf:Q4_K_M,imatrix=" + file).into(folder);
    }
  }

  /** Each expert has the sums of its own tokens; together they had two for each of the text. */
  @Test
  void expertsHaveSumsOfTheirOwn() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      Path file = folder.resolve("calibration.gguf");
      Importance made = Calibrate.of(checkpoint).tokens(512).into(file);
      int[] tokens =
          Sequences.of(Family.model(checkpoint), CalibrationText.builtIn(), 512).tokens();
      Map<String, double[]> expected = new TreeMap<>();
      try (LanguageModel model = LanguageModel.of(checkpoint, RunOptions.exact())) {
        model.observe(
            (weight, count, inputs) -> {
              int columns = Math.toIntExact(weight.tensor().columns());
              double[] sum = expected.computeIfAbsent(weight.name(), key -> new double[columns]);
              for (int i = 0; i < count * columns; i++) {
                sum[i % columns] += (double) inputs[i] * inputs[i];
              }
            });
        model.logits(tokens, model.cache(tokens.length), (index, logits) -> {});
      }
      Map<String, String> names =
          Map.of("w1", "ffn_gate_exps", "w2", "ffn_down_exps", "w3", "ffn_up_exps");
      for (int layer = 0; layer < 2; layer++) {
        for (Map.Entry<String, String> name : names.entrySet()) {
          ColumnSums sums = made.entries().get("blk." + layer + "." + name.getValue() + ".weight");
          int columns = sums.columns();
          float total = 0;
          for (int e = 0; e < 16; e++) {
            total += sums.counts()[e];
            String tensor = "model.layers.%d.block_sparse_moe.experts.%d.%s.weight";
            double[] own =
                expected.getOrDefault(
                    tensor.formatted(layer, e, name.getKey()), new double[columns]);
            for (int i = 0; i < columns; i++) {
              assertThat((double) sums.squares()[e * columns + i])
                  .isCloseTo(own[i], within(1e-4 * own[i] + 1e-12));
            }
          }
          assertThat(sums.counts()).hasSize(16);
          assertThat(total).isEqualTo(2f * tokens.length);
        }
      }
      Quantize.of(checkpoint).to("gguf:Q4_K_M,imatrix=" + file).into(folder);
    }
  }

  @Test
  void threadsMakeNoDifference() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      Calibrate.of(checkpoint).tokens(1024).threads(1).into(folder.resolve("one"));
      Calibrate.of(checkpoint).tokens(1024).threads(3).into(folder.resolve("three"));
    }
    assertThat(folder.resolve("one")).hasSameBinaryContentAs(folder.resolve("three"));
  }

  @Test
  void aKilledCalibrationGoesOnWhereItWas() throws IOException {
    Path killed = folder.resolve("killed");
    Path whole = folder.resolve("whole");
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      assertThatThrownBy(() -> after(1536, checkpoint, 1024).into(killed)).hasMessage("killed");
      assertThat(killed).doesNotExist();
      assertThat(folder.resolve(".killed.unfinished")).isDirectory();
      assertThatThrownBy(() -> Calibrate.of(checkpoint).tokens(512).into(killed))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("was not finished, with another text");
      try (Checkpoint other = Checkpoints.open(Fixtures.tinyPhi4())) {
        assertThatThrownBy(() -> Calibrate.of(other).tokens(1024).into(killed))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("was not finished, with another checkpoint");
      }
      // The first of two layers is done: a whole run would pass 1536 tokens again.
      after(1536, checkpoint, 1024).into(killed);
      Calibrate.of(checkpoint).tokens(1024).into(whole);
    }
    assertThat(killed).hasSameBinaryContentAs(whole);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(killed, whole);
    }
  }

  /** Throws after so many tokens. */
  private static Calibrate after(long most, Checkpoint checkpoint, int tokens) {
    return Calibrate.of(checkpoint)
        .tokens(tokens)
        .saveEvery(Duration.ZERO)
        .progress(
            new CalibrationProgress() {
              private long seen;

              @Override
              public void begin(String what, long total, long done) {}

              @Override
              public void advance(long more) {
                seen += more;
                if (seen >= most) {
                  throw new IllegalArgumentException("killed");
                }
              }

              @Override
              public void end() {}
            });
  }

  @Test
  void mergedMatricesAreTheSumOfBothTexts() throws IOException {
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      Importance one = Calibrate.of(checkpoint).tokens(512).into(first);
      Importance two = Calibrate.of(checkpoint).text(ownText()).into(second);
      Importance both = Merge.into(List.of(first, second), folder.resolve("both"), false);
      assertThat(both.datasets()).containsExactly(one.datasets().get(0), "own.txt");
      assertThat(both.chunks()).isEqualTo(one.chunks() + two.chunks());
      both.entries()
          .forEach(
              (name, sums) -> {
                ColumnSums a = one.entries().get(name);
                ColumnSums b = two.entries().get(name);
                assertThat(sums.counts()).containsExactly(a.counts()[0] + b.counts()[0]);
                for (int i = 0; i < sums.columns(); i++) {
                  assertThat(sums.squares()[i]).isEqualTo(a.squares()[i] + b.squares()[i]);
                }
              });
    }
    Path foreign = MatrixFile.collected(folder);
    assertThatThrownBy(() -> Merge.into(List.of(first, foreign), folder.resolve("x"), false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not of the same model");
    assertThat(folder.resolve("x")).doesNotExist();
  }

  /** The two have weights of the same names and widths; how they are stored makes no difference. */
  @Test
  void aMatrixIsOnlyForTheModelThatItWasMadeWith() {
    Path matrix = folder.resolve("calibration.gguf");
    Path copy;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      Calibrate.of(checkpoint).tokens(512).into(matrix);
      copy = Quantize.of(checkpoint).to("gguf:Q8_0").into(folder).get(0);
    }
    try (Checkpoint checkpoint = Checkpoints.open(copy)) {
      Quantize.of(checkpoint).to("gguf:Q4_0,imatrix=" + matrix).plan();
    }
    Path others = folder.resolve("others.gguf");
    try (Checkpoint other = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      assertThatThrownBy(() -> Quantize.of(other).to("gguf:Q4_0,imatrix=" + matrix).plan())
          .isInstanceOf(UserError.class)
          .hasMessageEndingWith("belongs to another model: it was made with 'tiny-phi-4-mini'.");
      Calibrate.of(other).tokens(512).into(others);
    }
    assertThatThrownBy(() -> Merge.into(List.of(matrix, others), folder.resolve("both"), false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "one was made with 'tiny-phi-4-mini' and one with 'tiny-phi-3.5-mini'");
  }

  private CalibrationText ownText() throws IOException {
    Path file = folder.resolve("own.txt");
    Files.writeString(file, "A sentence with some words, number after number. ".repeat(100));
    return CalibrationText.of(List.of(file));
  }

  @Test
  void shortTextsAreRefusedWithWhatIsNeeded() throws IOException {
    Path file = folder.resolve("short.txt");
    Files.writeString(file, "A few words.");
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      Calibrate calibrate = Calibrate.of(checkpoint).text(CalibrationText.of(List.of(file)));
      assertThatThrownBy(() -> calibrate.into(folder.resolve("out")))
          .isInstanceOf(UserError.class)
          .hasMessage("short.txt has 4 tokens for this model; 512 are needed.");
      assertThatThrownBy(() -> Calibrate.of(checkpoint).tokens(9999999).into(folder.resolve("out")))
          .hasMessageContaining("9999999 are needed");
      assertThatThrownBy(() -> Calibrate.of(checkpoint).tokens(100).into(folder.resolve("out")))
          .hasMessage("A calibration takes 512 tokens or more, not 100.");
    }
    assertThat(folder.resolve("out")).doesNotExist();
  }

  /** Whatever the vocabulary: Phi-2's, Phi-3's, Phi-4's and Phi-4-mini's. */
  @ParameterizedTest
  @ValueSource(strings = {"phi-2", "phi-3.5-mini", "phi-4", "phi-4-mini"})
  void theBuiltInTextHasSixThousandTokens(String kind) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind));
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      int tokens = tokenizer.encode(CalibrationText.builtIn().text()).length;
      assertThat(tokens).isGreaterThanOrEqualTo(6144);
    }
  }
}
