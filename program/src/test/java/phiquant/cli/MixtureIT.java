package phiquant.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.fixtures.Fixtures;

/** A mixture of experts through the command line: every command takes it and what is made of it. */
class MixtureIT {
  private static final String MODEL = Fixtures.tiny("phi-moe").toString();

  @TempDir Path folder;
  private String said;

  @Test
  @Tag("slow")
  void everyCommandTakesEveryArtifact() throws Exception {
    Path out = folder.resolve("out");
    assertThat(
            run(
                "quantize",
                MODEL,
                "--to",
                "gguf:Q4_K_M",
                "--to",
                "onnx:int4",
                "-o",
                out.toString()))
        .as(said)
        .isZero();
    List<String> artifacts;
    try (Stream<Path> made = Files.list(out)) {
      artifacts = made.map(Path::toString).sorted().toList();
    }
    assertThat(artifacts).hasSize(2);
    String onnx = artifacts.stream().filter(name -> name.contains("onnx")).findAny().orElseThrow();
    assertThat(run("inspect", onnx)).as(said).isZero();
    assertThat(said).contains("16 in a layer, of which a token takes 2");
    assertThat(run("run", onnx, "--raw", "-p", "One", "-n", "2")).as(said).isZero();
    List<String> eval = new ArrayList<>(List.of("eval"));
    eval.addAll(artifacts);
    Path page = folder.resolve("report.html");
    eval.addAll(List.of("--against", MODEL, "--windows", "1", "--window", "8"));
    eval.addAll(List.of("--report", page.toString()));
    assertThat(run(eval.toArray(String[]::new))).as(said).isZero();
    assertThat(page).content().contains("expert");
    assertThat(run("advise", MODEL, "--device", "raspberry-pi-5")).as(said).isZero();
    assertThat(said).contains("phiquant quantize");
  }

  /** Each fact contradicts the tensors. */
  @ParameterizedTest
  @CsvSource({
    "num_local_experts, 15, 'calls for [15, 512]'",
    "num_experts_per_tok, 3, 'num_experts_per_tok is 3'",
    "intermediate_size, 128, 'calls for [128, 512]'",
  })
  void whatContradictsTheTensorsEndsWithOneLine(String key, int value, String says)
      throws Exception {
    Path model = Files.createDirectory(folder.resolve("model"));
    try (Stream<Path> files = Files.list(Path.of(MODEL))) {
      for (Path file : files.toList()) {
        Files.createSymbolicLink(model.resolve(file.getFileName()), file.toAbsolutePath());
      }
    }
    Path config = model.resolve("config.json");
    String text = Files.readString(config);
    Files.delete(config);
    Files.writeString(config, text.replaceFirst("(\"" + key + "\": )\\d+", "$1" + value));
    assertThat(run("quantize", model.toString(), "--to", "onnx:int4", "-o", folder + "/x"))
        .isEqualTo(1);
    assertThat(said).contains("error: ").contains(says).hasLineCount(1);
    assertThat(folder.resolve("x")).doesNotExist();
  }

  private int run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor();
  }
}
