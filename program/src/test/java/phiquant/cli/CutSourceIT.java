package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.fixtures.Fixtures;

/**
 * A checkpoint that is cut, rewritten or removed while it is quantized, as a download in its place
 * does it. The first encoded rows are on the disk by then, so that compiled vector code is at work.
 */
class CutSourceIT {
  @TempDir Path folder;
  private Path model;
  private Path out;

  @BeforeEach
  void copy() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    out = Files.createDirectory(folder.resolve("out"));
    try (Stream<Path> files = Files.list(Fixtures.smolPhi135m())) {
      for (Path file : files.toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aSourceThatIsCutEndsWithOneLineAndNothingIsLeft(long seed) throws Exception {
    cutAtARandomMoment(seed);
  }

  static LongStream seeds() {
    return LongStream.range(0, 3);
  }

  @ParameterizedTest
  @Tag("slow")
  @MethodSource("moreSeeds")
  void aSourceThatIsCutAtAnyMomentEndsWithOneLine(long seed) throws Exception {
    cutAtARandomMoment(seed);
  }

  static LongStream moreSeeds() {
    return LongStream.range(100, 120);
  }

  @Test
  void aSourceThatIsRemovedEndsWithOneLineAndNothingIsLeft() throws Exception {
    Process process = quantize();
    awaitEncodedRows(process);
    Files.delete(weights());
    assertRefused(process, "model.safetensors was removed while it was in use.");
  }

  /** Cut and filled again with zeros: nothing faults, and yet it is not what was asked for. */
  @Test
  void aSourceThatIsRewrittenIsNotPublished() throws Exception {
    Process process = quantize();
    awaitEncodedRows(process);
    try (FileChannel file = FileChannel.open(weights(), StandardOpenOption.WRITE)) {
      long size = file.size();
      file.truncate(size / 2);
      file.write(ByteBuffer.allocate(1), size - 1);
    }
    assertRefused(process, "model.safetensors was changed while it was in use.");
  }

  /** Kernels compute in place, on the mapped file itself. */
  @Test
  void aModelThatIsCutWhileItAnswersEndsWithOneLine() throws Exception {
    Process process =
        new ProcessBuilder(
                "./phiquant", "run", model.toString(), "-n", "1500", "-p", "1, 2, 3, 4, 5,")
            .start();
    process.getInputStream().readNBytes(8);
    Thread.sleep(1000);
    try (FileChannel file = FileChannel.open(weights(), StandardOpenOption.WRITE)) {
      assertThat(process.isAlive()).as("it still answers").isTrue();
      file.truncate(file.size() / 3);
    }
    process.getInputStream().readAllBytes();
    String said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    assertThat(said).contains("error: ", "model.safetensors was changed while it was in use.");
    assertThat(said.lines().filter(line -> line.startsWith("#"))).isEmpty();
  }

  private void cutAtARandomMoment(long seed) throws Exception {
    SplittableRandom random = new SplittableRandom(seed);
    Process process = quantize();
    awaitEncodedRows(process);
    Thread.sleep(random.nextLong(300));
    try (FileChannel file = FileChannel.open(weights(), StandardOpenOption.WRITE)) {
      assertThat(process.isAlive()).as("it still encodes").isTrue();
      file.truncate(random.nextLong(file.size()));
    }
    assertRefused(process, "model.safetensors was changed while it was in use.");
  }

  private Path weights() {
    return model.resolve("model.safetensors");
  }

  /** One thread, and formats that search, so that there is time to cut. */
  private Process quantize() throws IOException {
    return new ProcessBuilder(
            List.of(
                "./phiquant",
                "quantize",
                "-q",
                "--threads",
                "1",
                model.toString(),
                "-o",
                out.toString(),
                "--to",
                "gguf:Q3_K_M",
                "--to",
                "gguf:IQ4_XS",
                "--to",
                "mlx:4bit",
                "--to",
                "onnx:int4",
                "--to",
                "openvino:int4"))
        .redirectErrorStream(true)
        .start();
  }

  private void awaitEncodedRows(Process process) throws Exception {
    while (process.isAlive() && !rowsAreWritten()) {
      Thread.sleep(5);
    }
  }

  /** More is on the disk than headers and tokenizers, which are written first. */
  private boolean rowsAreWritten() throws IOException {
    Process used = new ProcessBuilder("du", "-sk", out.toString()).start();
    String text = new String(used.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return text.matches("(?s)\\d+\\s.*") && Long.parseLong(text.split("\\s")[0]) > 16_000;
  }

  private void assertRefused(Process process, String says) throws Exception {
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(1);
    assertThat(said).startsWith("error: ").contains(says);
    assertThat(said.lines().filter(line -> line.startsWith("error: "))).hasSize(1);
    assertThat(said.lines().count()).isLessThanOrEqualTo(2);
    assertThat(out).isEmptyDirectory();
  }
}
