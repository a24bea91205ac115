package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.Fixtures;

/** An executor that is killed in the middle of a pass takes nothing with it. */
class LostExecutorIT {
  @TempDir Path folder;

  @Test
  @Tag("slow")
  void anExecutorKilledInTheMiddleLeavesTheSameBytes() throws Exception {
    SparkHome.Ended alone = SparkHome.run(SparkHome.alone(quantize("alone.gguf")), folder);
    assertThat(alone.code()).as(alone.err()).isZero();

    Path err = folder.resolve("err.txt");
    Process driver =
        SparkHome.submit(ClusterIT.MASTER, Map.of(), quantize("cluster.gguf"))
            .redirectOutput(folder.resolve("out.txt").toFile())
            .redirectError(err.toFile())
            .start();
    try {
      kill(driver);
      assertThat(driver.waitFor()).as(Files.readString(err)).isZero();
    } finally {
      driver.destroyForcibly();
    }
    assertThat(Files.readString(err)).contains("Lost executor");
    assertThat(Files.mismatch(folder.resolve("alone.gguf"), folder.resolve("cluster.gguf")))
        .isEqualTo(-1);
  }

  /** As soon as the artifact grows; what comes of it takes seconds. */
  private void kill(Process driver) throws InterruptedException {
    Path growing = folder.resolve(".cluster.gguf.partial/new");
    while (driver.isAlive() && !Files.exists(growing)) {
      Thread.sleep(5);
    }
    ProcessHandle executor =
        driver
            .descendants()
            .filter(process -> process.info().commandLine().orElse("").contains("ExecutorBackend"))
            .findFirst()
            .orElseThrow();
    assertThat(executor.destroyForcibly()).isTrue();
    assertThat(folder.resolve("cluster.gguf")).doesNotExist();
  }

  private List<String> quantize(String out) {
    return List.of(
        "quantize",
        Fixtures.smolPhiWide().toString(),
        "--name",
        "model",
        "--to",
        "gguf:IQ4_XS",
        "-o",
        folder.resolve(out).toString());
  }
}
