package phiquant.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names of the hub on the command line, with the environment as a person sets it. */
class HubCommandsIT {
  private static final String ID = "owner/small";

  @TempDir Path folder;
  private Path model;
  private TestHub hub;

  @BeforeEach
  void begin() throws IOException {
    model = SmallModel.write(folder.resolve("small"));
    hub = new TestHub(Files.createDirectory(folder.resolve("storage")));
    hub.add(ID, model);
    hub.models.get(ID).isPrivate = true;
  }

  @AfterEach
  void end() {
    hub.close();
    assertThat(hub.leaked).isEmpty();
  }

  /** Exit code, standard output and standard error. */
  private record Ended(int code, String out, String err) {}

  private Ended phiquant(String token, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    Path out = folder.resolve("stdout");
    Path err = folder.resolve("stderr");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("HF_"));
    builder.environment().putAll(hub.environment(folder.resolve("cache")));
    if (!token.isEmpty()) {
      builder.environment().put("HF_TOKEN", token);
    }
    int code = builder.start().waitFor();
    Ended ended = new Ended(code, Files.readString(out), Files.readString(err));
    assertThat(ended.out() + ended.err()).doesNotContain("hf_");
    return ended;
  }

  @Test
  void aNameIsLookedAtStreamedKeptAndPushed() throws Exception {
    Ended facts = phiquant(TestHub.TOKEN, "inspect", ID);
    assertThat(facts.code()).as(facts.err()).isZero();
    assertThat(facts.out()).contains("Phi3ForCausalLM");
    assertThat(hub.stored.get()).isLessThan(2_000_000);

    Path streamed = folder.resolve("streamed");
    Path local = folder.resolve("local");
    for (List<String> each : List.of(List.of(ID, "" + streamed), List.of("" + model, "" + local))) {
      Ended made =
          phiquant(
              TestHub.TOKEN,
              "quantize",
              each.get(0),
              "--to",
              "gguf:Q4_K_M",
              "--to",
              "mlx:4bit",
              "-o",
              each.get(1));
      assertThat(made.code()).as(made.err()).isZero();
    }
    try (Stream<Path> files = Files.walk(local)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(streamed.resolve(local.relativize(file)).toFile())
            .hasSameBinaryContentAs(file.toFile());
      }
    }
    assertThat(folder.resolve("cache")).doesNotExist();

    Ended advice = phiquant(TestHub.TOKEN, "advise", ID, "--keep", "--device", "raspberry-pi-5");
    assertThat(advice.code()).as(advice.err()).isZero();
    hub.requests.clear();
    Ended again = phiquant("", "inspect", ID, "--json");
    assertThat(again.out()).contains("models--owner--small");
    assertThat(hub.requests).as("what is in the cache needs no network").isEmpty();

    Ended pushed = phiquant(TestHub.TOKEN, "push", "" + streamed, "me/mine", "--base", ID);
    assertThat(pushed.code()).isEqualTo(2);
    assertThat(pushed.err()).contains("me/mine would be public; say so with --public");
    assertThat(hub.models).doesNotContainKey("me/mine");
    pushed = phiquant(TestHub.TOKEN, "push", "" + streamed, "me/mine", "--base", ID, "--private");
    assertThat(pushed.code()).as(pushed.err()).isZero();
    TestRepository mine = hub.models.get("me/mine");
    assertThat(mine.isPrivate).isTrue();
    assertThat(mine.files)
        .containsKeys("README.md", "small-Q4_K_M.gguf", "small-mlx-4bit/model.safetensors");
    assertThat(Files.readString(mine.files.get("README.md").content()))
        .contains("base_model: owner/small", "| small-Q4_K_M.gguf | llama.cpp |", "`mlx:4bit`");
  }

  @Test
  void whatCannotBeSaysSoInOneLine() throws Exception {
    assertThat(phiquant("", "inspect", ID))
        .isEqualTo(
            new Ended(
                1,
                "",
                """
                error: owner/small does not exist on the hub, or is not to be seen by everybody.
                hint: Check the name; for a private model set HF_TOKEN, or log in with hf auth login.
                """));
    assertThat(phiquant("hf_wrong", "run", ID, "-p", "x").err())
        .startsWith("error: owner/small does not exist here, nor is it whole in the hub's cache.");
    assertThat(phiquant("", "inspect", "nothing/like/this").err())
        .isEqualTo("error: nothing/like/this does not exist.\n");
    assertThat(phiquant("", "inspect", "nothing").err()).contains("as OWNER/NAME");
    assertThat(phiquant("", "inspect", "core/nothing").err())
        .contains("give its revision too: core/nothing@main");
    assertThat(phiquant("", "push", "" + model, "not-a-name").code()).isEqualTo(2);
  }
}
