package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.demo.RandomModel;

/** Runs that are killed at random moments leave the old or the new, each artifact whole. */
class KilledIT {
  @TempDir Path folder;
  private Path model;
  private Path other;
  private Path out;

  @BeforeEach
  void makeModels() throws IOException {
    model = folder.resolve("random");
    RandomModel.write(model);
    other = folder.resolve("other");
    RandomModel.write(other);
    Path config = other.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("1e-5", "1e-6"));
    out = folder.resolve("out");
  }

  @Test
  void killedAtEightMomentsTheOldOrTheNewIsThere() throws Exception {
    killAtRandomMoments(8);
  }

  @Test
  @Tag("slow")
  void killedAtFiftyMomentsTheOldOrTheNewIsThere() throws Exception {
    killAtRandomMoments(50);
  }

  /** The old and the new come of models that differ in what their configurations say. */
  private void killAtRandomMoments(int times) throws Exception {
    String before = made(other);
    long start = System.nanoTime();
    String after = made(model);
    long whole = System.nanoTime() - start;
    assertThat(after).isNotEqualTo(before);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < times; i++) {
      Path source = i % 2 == 0 ? other : model;
      Process process = start(source);
      Thread.sleep(random.nextLong(whole / 1_000_000));
      process.destroyForcibly().waitFor();
      assertThat(content("m-mlx-4bit") + content("m-openvino-int8"))
          .as("seed %d, kill %d", seed, i)
          .isIn(
              parts(before, before), parts(before, after),
              parts(after, before), parts(after, after));
    }
    assertThat(made(model)).isEqualTo(after);
    assertThat(names()).containsExactly("m-mlx-4bit", "m-openvino-int8");
  }

  private static String parts(String first, String second) {
    return first.split("\n")[0] + second.split("\n")[1];
  }

  private String made(Path source) throws Exception {
    Process process = start(source);
    assertThat(process.waitFor()).isZero();
    return content("m-mlx-4bit") + "\n" + content("m-openvino-int8");
  }

  private Process start(Path source) throws IOException {
    List<String> command = new ArrayList<>(List.of("./phiquant", "quantize", source.toString()));
    command.addAll(List.of("--to", "mlx:4bit", "--to", "openvino:int8", "--name", "m"));
    command.addAll(List.of("-q", "--overwrite", "-o", out.toString()));
    return new ProcessBuilder(command).inheritIO().start();
  }

  private String content(String name) throws Exception {
    var digest = java.security.MessageDigest.getInstance("SHA-256");
    try (Stream<Path> files = Files.list(out.resolve(name))) {
      for (Path file : files.sorted().toList()) {
        digest.update(file.getFileName().toString().getBytes(StandardCharsets.UTF_8));
        digest.update(Files.readAllBytes(file));
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
