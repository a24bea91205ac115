package phiquant.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.demo.RandomModel;

/** What cannot be written or compiled for an NPU is said in a line, and leaves nothing behind. */
class NpuCommandTest {
  @TempDir Path folder;

  private String said;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "npu GRAPHS --soc pentium | 2 | no chip 'pentium'; there is 888",
        "npu GRAPHS --soc 888 | 1 | has no 16-bit floats, which these graphs need",
        "npu GRAPHS --qnn GRAPHS | 1 | is no Python and no folder of one",
        "npu GRAPHS --qnn /bin/false | 1 | has no onnxruntime-qnn that works",
        "npu GRAPHS -o GRAPHS | 1 | exists already",
        "npu DYNAMIC | 1 | no fixed sizes, which an NPU needs",
        "npu MODEL | 1 | has no genai_config.json",
        "npu no/such/folder | 1 | does not exist",
        "quantize MODEL --to onnx:int4,device=npu,prompt=48,context=128 -o OUT | 2"
            + " | prompt=48 does not divide context=128",
        "quantize MODEL --to onnx:int4,device=npu,context=8192 -o OUT | 2 | was made for",
      })
  void isOneLine(String command, int code, String line) throws IOException {
    Path model = folder.resolve("m");
    RandomModel.write(model);
    String into = " --to onnx:int4,device=npu,prompt=8,context=64 -o " + folder.resolve("npu");
    assertThat(execute("quantize " + model + into + " -q")).as(said).isZero();
    assertThat(execute("quantize " + model + " --to onnx:int4 -o " + folder + "/cpu -q")).isZero();
    String given =
        command
            .replace("GRAPHS", folder.resolve("npu/m-onnx-int4-npu").toString())
            .replace("DYNAMIC", folder.resolve("cpu/m-onnx-int4-cpu").toString())
            .replace("MODEL", model.toString())
            .replace("OUT", folder.resolve("out").toString());
    assertThat(execute(given)).isEqualTo(code);
    assertThat(said.lines().filter(one -> one.startsWith("error: ")))
        .singleElement()
        .asString()
        .contains(line);
    assertThat(said).doesNotContain("\tat ");
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).extracting(Path::getFileName).asString().doesNotContain("out", "partial");
    }
  }

  private int execute(String command) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setOut(new PrintStream(OutputStream.nullOutputStream()));
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      return Main.execute(command.split(" "));
    } finally {
      System.setOut(out);
      System.setErr(err);
      said = bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
