package phiquant.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.MatrixFile;

/** From a text to artifacts that are rounded for it, and what is said where that cannot be. */
class CalibrationIT {
  private static final List<String> TARGETS =
      List.of("gguf:Q4_0", "onnx:int4", "openvino:int4", "mlx:4bit");

  @TempDir Path folder;
  private String said;

  @Test
  void allTargetsAreRoundedForTheTextAndNameIt() throws Exception {
    String model = Fixtures.tinyPhi35Mini().toString();
    Path text = folder.resolve("talk.txt");
    Files.writeString(text, "One word and another, and a third one after it. ".repeat(200));
    String matrix = folder.resolve("m.gguf").toString();
    assertThat(run("calibrate", model, "--text", text.toString(), "-o", matrix)).isZero();
    assertSameOnNarrowVectors(matrix, "calibrate", model, "--text", text.toString());
    List<String> command = new ArrayList<>(List.of("quantize", model, "--name", "cal"));
    TARGETS.forEach(target -> command.addAll(List.of("--to", target)));
    command.addAll(List.of("--calibration", matrix, "-o", folder.toString()));
    assertThat(run(command.toArray(String[]::new))).as(said).isZero();
    List<String> evaluate = new ArrayList<>(List.of("eval"));
    for (String made : List.of("Q4_0.gguf", "onnx-int4-cpu", "openvino-int4", "mlx-4bit")) {
      Path artifact = folder.resolve("cal-" + made);
      if (evaluate.size() < 3) {
        evaluate.add(artifact.toString());
      }
      if (Files.isDirectory(artifact)) {
        assertThat(Files.readString(artifact.resolve("phiquant.json")))
            .contains("\"calibrated_on\" : [ \"talk.txt\" ]")
            .contains("imatrix=m.gguf")
            .doesNotContain(folder.toString());
      }
    }
    evaluate.addAll(List.of("--against", model, "--text", text.toString()));
    evaluate.addAll(List.of("--windows", "1", "--window", "8", "--activations", "f32"));
    assertThat(run(evaluate.toArray(String[]::new))).as(said).isZero();
    assertThat(said.split("It was calibrated on a text of this name", -1)).hasSize(3);
  }

  /** Where this machine has 512 bits, the JVM is kept from using them. */
  private void assertSameOnNarrowVectors(String made, String... arguments) throws Exception {
    Path again = folder.resolve("narrow.gguf");
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("-o", again.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_TOOL_OPTIONS", "-XX:UseAVX=2");
    Process process = builder.start();
    said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(again).hasSameBinaryContentAs(Path.of(made));
  }

  @Test
  void whatCannotBeRoundedForAMatrixIsRefused() throws Exception {
    String model = Fixtures.tinyPhi35Mini().toString();
    String foreign = MatrixFile.collected(folder).toString();
    assertRefused(1, "belongs to another model", model, "onnx:int4", "--calibration", foreign);
    assertRefused(1, "does not exist", model, "mlx:4bit", "--calibration", "nowhere.gguf");
    assertRefused(
        2, "leave --calibration (imatrix) out", model, "onnx:fp32", "--calibration", foreign);
    assertRefused(2, "openvino:nf4 has no scales", model, "openvino:nf4", "--calibration", foreign);
    assertRefused(2, "there is none", model, "safetensors:bf16", "--calibration", foreign);
    assertRefused(
        2, "one of the two", model, "gguf:Q4_0", "--calibration", foreign, "--imatrix", foreign);
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private void assertRefused(int code, String why, String model, String target, String... more)
      throws Exception {
    List<String> command = new ArrayList<>(List.of("quantize", model, "--to", target));
    command.addAll(List.of(more));
    command.addAll(List.of("-o", folder.resolve("out").toString()));
    assertThat(run(command.toArray(String[]::new))).as(said).isEqualTo(code);
    assertThat(said).contains(why);
  }

  private int run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("./phiquant"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor();
  }
}
