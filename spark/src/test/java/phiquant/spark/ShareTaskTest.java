package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;
import phiquant.Version;
import phiquant.cli.QuantizeOrder;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.fixtures.Fixtures;
import phiquant.pipeline.Division;
import phiquant.pipeline.PlanHash;

/** What a machine finds that the driver could not know: it says so, and writes nothing. */
class ShareTaskTest {
  @TempDir Path folder;

  private Path model;
  private Path growing;

  @BeforeEach
  void copyModel() throws Exception {
    model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Fixtures.tinyPhi35Mini())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, model.resolve(file.getFileName()));
      }
    }
    growing = folder.resolve("growing");
  }

  @Test
  void aSourceThatChangesBetweenTasksIsRefused() throws Exception {
    List<ShareTask> tasks = tasks(Version.NUMBER);
    assertThat(tasks).hasSizeGreaterThan(1);
    assertThat(tasks.getFirst().execute()).isEmpty();
    Path weights = model.resolve("model.safetensors");
    Files.setLastModifiedTime(weights, FileTime.fromMillis(1_000_000));
    assertThatThrownBy(() -> tasks.get(1).execute())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.safetensors");
  }

  @Test
  void aSourceThatIsAnotherThanTheDriversIsRefused() throws Exception {
    List<ShareTask> tasks = tasks(Version.NUMBER);
    Path weights = model.resolve("model.safetensors");
    Files.setLastModifiedTime(weights, FileTime.fromMillis(2_000_000));
    assertThatThrownBy(() -> tasks.getFirst().execute())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is not the same on");
  }

  @Test
  void anotherPhiquantIsRefused() throws Exception {
    List<ShareTask> tasks = tasks("0.0.1");
    assertThatThrownBy(() -> tasks.getFirst().execute())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has phiquant " + Version.NUMBER + ", the driver 0.0.1.");
  }

  private List<ShareTask> tasks(String version) throws Exception {
    List<String> arguments =
        List.of(model.toString(), "--to", "gguf:Q4_0", "-o", folder.resolve("out") + "");
    try (QuantizeOrder order = QuantizeOrder.of(arguments)) {
      List<ArtifactPlan> plans = List.copyOf(order.artifacts().values());
      try (FileChannel file =
          FileChannel.open(growing, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        file.write(java.nio.ByteBuffer.allocate(1), plans.getFirst().bytes() - 1);
      }
      PassOrder pass =
          new PassOrder(
              UUID.randomUUID().toString(),
              arguments,
              List.of(0),
              List.of(growing.toString()),
              PlanHash.of(plans),
              order.source().stamp(),
              version,
              false);
      return ShareTask.of(pass, Division.ofPlans(plans), 2);
    }
  }
}
