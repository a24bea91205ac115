package phiquant.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.fixtures.LoraCase;

/** What is quantized with an adapter is what is quantized after PEFT has merged it. */
class LoraIT {
  private static final List<String> TARGETS =
      List.of(
          "gguf:Q8_0",
          "gguf:BF16",
          "mlx:4bit",
          "onnx:int4",
          "onnx:fp32",
          "openvino:int8",
          "safetensors:bf16");

  @TempDir Path folder;
  private Path model;
  private Path adapter;

  @BeforeEach
  void make() throws IOException {
    LoraCase one = LoraCase.named("fused");
    model = one.model(folder.resolve("base"));
    adapter = one.adapter(0, folder.resolve("adapter"));
  }

  @Test
  void artifactsAreThoseOfTheMergedCheckpoint() throws Exception {
    Path merged = LoraCase.named("fused").mergedModel(folder.resolve("merged"));
    assertThat(quantize(merged, "out-merged")).isZero();
    assertThat(quantize(model, "out-lora", "--lora", adapter.toString())).isZero();
    assertThat(quantize(model, "out-base")).isZero();
    List<String> files = files(folder.resolve("out-merged"));
    assertThat(files(folder.resolve("out-lora"))).isEqualTo(files);
    assertThat(files).hasSizeGreaterThan(TARGETS.size());
    assertThat(different(files, "out-lora", "out-merged")).isEmpty();
    assertThat(different(files, "out-base", "out-merged")).hasSizeGreaterThanOrEqualTo(6);
  }

  @Test
  void whatWasMergedIsSaidAndRecorded() throws Exception {
    assertThat(quantize(model, "out", "--lora", adapter + ":0.5")).isZero();
    String record = Files.readString(folder.resolve("out/name-mlx-4bit/phiquant.json"));
    assertThat(record).contains("The LoRA adapter adapter times 0.5 is merged");
    assertThat(said).contains("note: The LoRA adapter adapter times 0.5 is merged");
  }

  @Test
  void anAdapterThatDoesNotFitEndsWithOneLine() throws Exception {
    Files.writeString(adapter.resolve("adapter_config.json"), "{\"peft_type\": \"LOHA\"}");
    assertThat(quantize(model, "out", "--lora", adapter.toString())).isEqualTo(1);
    assertThat(said).contains("error: ").contains("LOHA").hasLineCount(2);
    assertThat(folder.resolve("out")).doesNotExist();
    assertThat(quantize(model, "out", "--lora", adapter + ":x")).isEqualTo(2);
    assertThat(said).contains("the scale 'x' is no number");
  }

  private String said;

  private int quantize(Path checkpoint, String out, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of("./phiquant", "quantize"));
    command.add(checkpoint.toString());
    TARGETS.forEach(target -> command.addAll(List.of("--to", target)));
    command.addAll(List.of("--name", "name", "-o", folder.resolve(out).toString()));
    command.addAll(List.of(more));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor();
  }

  /** All but the records, which name the source. */
  private static List<String> files(Path out) throws IOException {
    try (Stream<Path> all = Files.walk(out)) {
      return all.filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("phiquant.json"))
          .map(file -> out.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  private List<String> different(List<String> files, String one, String other) throws IOException {
    List<String> different = new ArrayList<>();
    for (String file : files) {
      Path left = folder.resolve(one).resolve(file);
      if (Files.mismatch(left, folder.resolve(other).resolve(file)) >= 0) {
        different.add(file);
      }
    }
    return different;
  }
}
