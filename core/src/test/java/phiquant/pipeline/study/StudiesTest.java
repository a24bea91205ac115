package phiquant.pipeline.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.pipeline.Progress;
import phiquant.study.ActivationRange;

class StudiesTest {
  private static final List<String> TARGETS =
      List.of("onnx:int8,activations=static", "openvino:int4,ratio=0.6", "openvino:nf4,ratio=0.4");

  @TempDir Path folder;

  /** Remembers which passes over the weights there were. */
  private static final class Passes implements Progress {
    private final List<String> names = new ArrayList<>();

    @Override
    public void begin(String pass, long total) {
      names.add(pass);
    }
  }

  @Test
  void equalStudiesAreMadeOnceAndKeptForTheNextRun() throws IOException {
    Path model = model();
    assertThat(passes(model, "first", true))
        .containsExactly("Calibrating", "Ranking layers", "Quantizing");
    assertThat(passes(model, "second", true)).containsExactly("Quantizing");
    assertThat(passes(model, "third", false))
        .containsExactly("Calibrating", "Ranking layers", "Quantizing");
    assertThat(files("second")).isEqualTo(files("first"));
  }

  @Test
  void whatIsKeptOfAnotherModelIsNotTaken() throws IOException {
    Path model = model();
    passes(model, "first", true);
    Path weights = model.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Files.write(weights, bytes);
    assertThat(passes(model, "second", true)).hasSize(3);
  }

  @Test
  void damagedFindingsAreMadeAgain() throws IOException {
    Path model = model();
    passes(model, "first", true);
    try (Stream<Path> kept = Files.list(folder.resolve("kept"))) {
      for (Path file : kept.toList()) {
        Files.writeString(file, "{\"a");
      }
    }
    assertThat(passes(model, "second", true)).hasSize(3);
  }

  /** But for the order in which a vector's lanes are summed, which is the compiler's. */
  @Test
  void findingsAreTheSameWithAnyNumberOfThreads() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(model())) {
      PhiModel model = Family.model(checkpoint);
      assertThat(Ranking.errors(model, 3, Progress.NONE))
          .isEqualTo(Ranking.errors(model, 1, Progress.NONE))
          .isNotEmpty();
      Map<String, ActivationRange> three =
          Calibration.ranges(checkpoint, "One two three", 3, Progress.NONE);
      Calibration.ranges(checkpoint, "One two three", 1, Progress.NONE)
          .forEach(
              (name, one) -> {
                ActivationRange other = three.get(name);
                assertThat(other.min()).isCloseTo(one.min(), withinPercentage(0.01));
                assertThat(other.max()).isCloseTo(one.max(), withinPercentage(0.01));
              });
    }
  }

  @Test
  void everyNumberIsTheSameWhenItIsRead() {
    Random random = new Random(1);
    Map<String, Float> floats = new TreeMap<>();
    Map<String, ActivationRange> ranges = new TreeMap<>();
    for (int i = 0; i < 10_000; i++) {
      float number = Float.intBitsToFloat(random.nextInt());
      double square = Double.longBitsToDouble(random.nextLong());
      floats.put("w" + i, number);
      ranges.put("w" + i, new ActivationRange(number, -number, square));
    }
    Optional<Path> file = Optional.of(folder.resolve("floats.json"));
    assertThat(new KeptFinding<>(file, Float.class).orMake(() -> floats)).isEqualTo(floats);
    assertThat(new KeptFinding<>(file, Float.class).orMake(Map::of)).isEqualTo(floats);
    Optional<Path> other = Optional.of(folder.resolve("ranges.json"));
    new KeptFinding<>(other, ActivationRange.class).orMake(() -> ranges);
    assertThat(new KeptFinding<>(other, ActivationRange.class).orMake(Map::of)).isEqualTo(ranges);
  }

  private List<String> passes(Path model, String out, boolean keep) {
    Passes passes = new Passes();
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      Quantize quantize = Quantize.of(checkpoint).progress(passes);
      if (keep) {
        quantize.keepFindings(folder.resolve("kept"));
      }
      TARGETS.forEach(quantize::to);
      quantize.into(folder.resolve(out));
    }
    return passes.names;
  }

  /** Names and contents. */
  private Map<String, String> files(String out) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder.resolve(out))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String bytes =
            new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
        files.put(folder.resolve(out).relativize(file).toString(), bytes);
      }
    }
    return files;
  }

  private Path model() throws IOException {
    Path model = folder.resolve("random");
    RandomModel.write(model);
    return model;
  }
}
