package phiquant.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.Fixtures;

/** {@code --round gptq}: what it gains on the text that it read, and what it refuses. */
class ErrorFeedbackIT {
  private static final List<String> MADE =
      List.of("Q4_0.gguf", "onnx-int4-cpu", "openvino-int4", "mlx-4bit");

  /** A row of eval's first table: the artifact, its perplexity, its mean divergence. */
  private static final Pattern QUALITY =
      Pattern.compile("^(plain|fed)-(\\S+)\\s+\\S+\\s+([0-9.]+)\\s", Pattern.MULTILINE);

  @TempDir Path folder;
  private String said;

  @Test
  void everyEnginesFileComesCloserToTheModelOnTheTextThatWasRead() throws Exception {
    String model = Fixtures.tinyPhi35Mini().toString();
    Path text = folder.resolve("talk.txt");
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < 120; i++) {
      words
          .append("word ")
          .append(i * 7919 % 10007)
          .append(" or line ")
          .append((char) (97 + i % 26))
          .append(", ");
    }
    Files.writeString(text, words);
    quantize(model, "plain");
    quantize(model, "fed", "--round", "gptq", "--text", text.toString());
    List<String> evaluate = new ArrayList<>(List.of("eval", "--against", model));
    for (String made : MADE) {
      evaluate.add(folder.resolve("plain-" + made).toString());
      evaluate.add(folder.resolve("fed-" + made).toString());
    }
    evaluate.addAll(List.of("--text", text.toString(), "--activations", "f32"));
    evaluate.addAll(List.of("--windows", "1", "--window", "256"));
    assertThat(run(evaluate.toArray(String[]::new))).as(said).isZero();
    Matcher rows = QUALITY.matcher(said);
    int artifacts = 0;
    double plain = Double.NaN;
    while (rows.find()) {
      double divergence = Double.parseDouble(rows.group(3));
      if (rows.group(1).equals("fed")) {
        assertThat(divergence).as(rows.group(2)).isLessThan(0.7 * plain);
      }
      plain = divergence;
      artifacts++;
    }
    assertThat(artifacts).as(said).isEqualTo(2 * MADE.size());
    assertThat(Files.readString(folder.resolve("fed-mlx-4bit/phiquant.json")))
        .contains("\"calibrated_on\" : [ \"talk.txt\" ]")
        .contains("round=gptq");
    try (var files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("."));
    }
  }

  @Test
  void whatCannotBeRoundedSoIsRefused() throws Exception {
    String model = Fixtures.tinyPhi35Mini().toString();
    assertRefused(2, "gguf:Q4_K_M has no even grids", model, "--to", "gguf:Q4_K_M,round=gptq");
    assertRefused(2, "has no even grids", model, "--to", "onnx:fp16", "--round", "gptq");
    assertRefused(2, "it can be nearest or gptq", model, "--to", "onnx:int4,round=up");
    assertRefused(2, "--text is for --round gptq", model, "--to", "onnx:int4", "--text", "a.txt");
    Path shortText = folder.resolve("short.txt");
    Files.writeString(shortText, "Too short.");
    assertRefused(
        1, "tokens", model, "--to", "onnx:int4", "--round", "gptq", "--text", shortText.toString());
    String mixture = Fixtures.tiny("phi-moe").toString();
    assertRefused(1, "not for mixtures of experts", mixture, "--to", "mlx:4bit,round=gptq");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  private void quantize(String model, String name, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of("quantize", model, "--name", name));
    for (String target : List.of("gguf:Q4_0", "onnx:int4", "openvino:int4", "mlx:4bit")) {
      command.addAll(List.of("--to", target));
    }
    command.addAll(List.of(more));
    command.addAll(List.of("-o", folder.toString()));
    assertThat(run(command.toArray(String[]::new))).as(said).isZero();
  }

  private void assertRefused(int code, String why, String model, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of("quantize", model));
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
