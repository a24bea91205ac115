package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.demo.RandomModel;
import phiquant.fixtures.TensorFile;
import phiquant.fixtures.TensorFile.Tensor;

/** Every command that opens a model says what is odd about it, and takes {@code --ignore}. */
class NoticesTest {
  private static final String BIAS = "model.layers.1.self_attn.o_proj.bias";

  @TempDir Path folder;

  private Path model;
  private String said;

  @BeforeEach
  void makeModel() throws IOException {
    model = folder.resolve("model");
    RandomModel.write(model);
    Map<String, Tensor> tensors = TensorFile.read(model.resolve("model.safetensors"));
    tensors.put(BIAS, Tensor.filled(0x3F80, 512));
    TensorFile.write(model.resolve("model-00001-of-00001.safetensors"), tensors);
    Files.delete(model.resolve("model.safetensors"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "quantize MODEL --to gguf:Q8_0 -o OUT",
        "quantize MODEL --to gguf:Q8_0 --dry-run",
        "advise MODEL --device raspberry-pi-5",
        "run MODEL --raw -p ab -n 1",
        "eval MODEL --against MODEL --windows 1 --window 8 --text TEXT"
      })
  void aBiasIsRefusedUnlessItIsIgnored(String command) throws IOException {
    Files.writeString(folder.resolve("text"), "ab cd ".repeat(50));
    assertThat(execute(command)).isEqualTo(1);
    assertThat(said).contains(BIAS).contains("--ignore").hasLineCount(2);
    assertThat(execute(command + " --ignore o_proj\\.bias$")).as(said).isZero();
    assertThat(said.lines().filter(line -> line.startsWith("note: ")))
        .satisfiesExactly(
            line -> assertThat(line).contains("model.safetensors.index.json"),
            line -> assertThat(line).contains(BIAS));
  }

  @Test
  void inspectTellsWhyAModelIsNotSupported() {
    assertThat(execute("inspect MODEL")).isZero();
    assertThat(said).contains("model.safetensors.index.json").doesNotContain(BIAS);
    assertThat(execute("inspect MODEL --ignore o_proj\\.bias$")).isZero();
    assertThat(said).contains(BIAS);
  }

  @Test
  void quietCommandsSayNothing() {
    assertThat(execute("quantize MODEL --to gguf:Q8_0 -o OUT --ignore o_proj\\.bias$ --quiet"))
        .isZero();
    assertThat(said).isEmpty();
  }

  private int execute(String command) {
    List<String> args = new ArrayList<>();
    for (String arg : command.split(" ")) {
      args.add(
          switch (arg) {
            case "MODEL" -> model.toString();
            case "OUT" -> folder.resolve("out").toString();
            case "TEXT" -> folder.resolve("text").toString();
            default -> arg;
          });
    }
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      return Main.execute(args.toArray(String[]::new));
    } finally {
      System.setOut(out);
      System.setErr(err);
      said = bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
