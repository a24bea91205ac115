package phiquant.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.hub.push.Push;
import phiquant.hub.push.PushedFile;
import phiquant.hub.transport.HubSettings;

/**
 * The real huggingface_hub works with {@link TestHub}, and with the same cache as phiquant: each
 * finds what the other has put there.
 */
class HubClientIT {
  private static final String ID = "owner/small";

  @TempDir Path folder;
  private Path model;
  private TestHub hub;

  @BeforeEach
  void begin() throws IOException {
    model = SmallModel.write(folder.resolve("small"));
    hub = new TestHub(Files.createDirectory(folder.resolve("storage")));
    hub.add(ID, model);
  }

  @AfterEach
  void end() {
    hub.close();
    assertThat(hub.leaked).isEmpty();
  }

  private Path cache() {
    return folder.resolve("cache");
  }

  private HubSettings settings(boolean offline) {
    Map<String, String> environment = new HashMap<>(hub.environment(cache()));
    environment.put("HF_HUB_OFFLINE", offline ? "1" : "0");
    return HubSettings.of(environment);
  }

  /** What the real client prints. */
  private String client(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of(Engines.python("hub").toString(), "engines/hub_driver.py"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    builder.environment().putAll(hub.environment(cache()));
    builder.environment().put("HF_TOKEN", TestHub.TOKEN);
    builder.environment().put("HF_HUB_DISABLE_XET", "1");
    builder.environment().put("HF_HUB_DISABLE_PROGRESS_BARS", "1");
    builder.environment().put("HF_HUB_DISABLE_TELEMETRY", "1");
    builder.redirectError(folder.resolve("client.err").toFile());
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(() -> out + lines(folder.resolve("client.err"))).isZero();
    return out.strip();
  }

  private static String lines(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void assertIsTheModel(Path snapshot) throws IOException {
    try (Stream<Path> files = Files.walk(model)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(snapshot.resolve(model.relativize(file)).toFile())
            .hasSameBinaryContentAs(file.toFile());
      }
    }
  }

  @Test
  void whatTheClientHasDownloadedIsUsedWithoutNetwork() throws Exception {
    Path snapshot = Path.of(client("snapshot", ID));
    assertIsTheModel(snapshot);
    hub.requests.clear();
    HubName name = HubName.parse(ID);
    assertThat(Hub.cached(settings(true), name)).contains(snapshot);
    assertThat(Hub.cached(settings(true), HubName.parse(ID + "@" + snapshot.getFileName())))
        .contains(snapshot);
    client("share", ID);
    assertThat(Hub.cached(settings(true), name)).contains(snapshot);
    try (Checkpoint opened = Checkpoints.open(snapshot)) {
      assertThat(CheckpointName.of(opened.path())).isEqualTo("small");
      opened.requireUnchanged();
    }
    assertThat(hub.requests).isEmpty();
    Path shard = snapshot.resolve("model-00002-of-00002.safetensors");
    Path blob = shard.toRealPath();
    byte[] bytes = Files.readAllBytes(blob);
    Files.delete(blob);
    assertThat(Hub.cached(settings(true), name)).as("a link that leads nowhere").isEmpty();
    Files.write(blob, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    assertThat(Hub.cached(settings(true), name)).as("a file that is cut").isEmpty();
  }

  @Test
  void whatIsKeptTheClientTakesWithoutDownloadingAgain() throws Exception {
    HubName name = HubName.parse(ID);
    Path snapshot;
    try (Hub ours = new Hub(settings(false))) {
      snapshot = ours.keep(name, DownloadProgress.NONE);
    }
    assertIsTheModel(snapshot);
    assertThat(Hub.cached(settings(true), name)).contains(snapshot);
    hub.requests.clear();
    assertThat(Path.of(client("snapshot", ID, "main", "offline"))).isEqualTo(snapshot);
    assertThat(hub.requests).isEmpty();
    assertThat(Path.of(client("snapshot", ID))).isEqualTo(snapshot);
    assertThat(hub.requests("/resolve/")).isEmpty();
    try (Hub ours = new Hub(settings(false))) {
      hub.requests.clear();
      assertThat(ours.keep(name, DownloadProgress.NONE)).isEqualTo(snapshot);
      assertThat(hub.requests("/resolve/")).isEmpty();
    }
    try (Stream<Path> left = Files.walk(cache())) {
      assertThat(left.map(Path::toString)).noneMatch(file -> file.matches(".*(incomplete|tmp)"));
    }
  }

  @Test
  void aDownloadThatIsWrongLeavesNothingHalfMade() throws Exception {
    Path file = model.resolve("model-00001-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    try (Hub ours = new Hub(settings(false))) {
      assertThatThrownBy(() -> ours.keep(HubName.parse(ID), DownloadProgress.NONE))
          .hasMessageContaining("its hash differs");
    }
    assertThat(Hub.cached(settings(true), HubName.parse(ID))).isEmpty();
    try (Stream<Path> left = Files.walk(cache())) {
      assertThat(left.map(Path::toString)).noneMatch(name -> name.endsWith("incomplete"));
    }
  }

  /** The client's upload, then phiquant's, to a hub that cannot tell one from the other. */
  @Test
  void whatIsPushedIsWhatTheClientUploads() throws Exception {
    client("upload", model.toString(), "me/mine", "private");
    TestRepository made = hub.models.get("me/mine");
    assertThat(made.isPrivate).isTrue();
    hub.models
        .get(ID)
        .files
        .forEach(
            (path, file) ->
                assertThat(made.files.get(path).etag()).as(path).isEqualTo(file.etag()));
    try (Stream<Path> uploaded = Files.list(folder.resolve("storage"))) {
      for (Path file : uploaded.toList()) {
        Files.delete(file);
      }
    }
    List<PushedFile> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(model)) {
      all.filter(Files::isRegularFile)
          .forEach(file -> files.add(PushedFile.of(model.relativize(file).toString(), file)));
    }
    HubName name = HubName.parse("me/ours");
    Map<String, String> environment = new HashMap<>(hub.environment(cache()));
    environment.put("HF_TOKEN", TestHub.TOKEN);
    try (Hub ours = new Hub(HubSettings.of(environment))) {
      Push push = new Push(ours, name);
      assertThat(push.isPrivate()).isEmpty();
      push.create(true);
      assertThat(push.isPrivate()).contains(true);
      String commit = push.upload(files, "A test", DownloadProgress.NONE);
      assertThat(commit).isEqualTo(made.commit());
      assertThat(push.has("README.md")).isTrue();
    }
    assertThat(Path.of(client("snapshot", "me/ours")).resolve("config.json")).exists();
    try (Hub nobody = new Hub(settings(false))) {
      assertThatThrownBy(() -> new Push(nobody, name)).hasMessageContaining("takes a token");
    }
  }
}
