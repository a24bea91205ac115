package phiquant.npu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.model.phi.Family;

/** Qualcomm's own library compiles a folder, and its simulator computes what the CPU does. */
class CompileIT {
  @TempDir Path out;

  @Test
  void oneChipGetsABinaryThatHoldsTheWeightsOnce() throws IOException {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64");
    List<String> steps = new ArrayList<>();
    Compile compile = Compile.of(folder).qnn(environment()).progress(steps::add);
    assertThat(compile.usualOutput()).hasToString(folder + "-x-elite");
    Path compiled = out.resolve("compiled");
    Compile.Result result = compile.into(compiled);
    assertThat(result.qnn()).isEqualTo("2.7.0");
    assertThat(result.error().orElseThrow()).isLessThan(0.01);
    assertThat(steps).hasSize(6);
    for (String graph : List.of("prompt", "token", "head")) {
      ModelProto model =
          ModelProto.parseFrom(Files.readAllBytes(compiled.resolve(graph + ".onnx")));
      assertThat(model.getGraph().getNodeList())
          .as(graph)
          .singleElement()
          .matches(node -> node.getOpType().equals("EPContext"));
    }
    // Codes and scales, and what two graphs are beside them.
    long layers = Files.size(folder.resolve("model.onnx.data"));
    assertThat(result.bytes()).isBetween(layers / 2, layers * 3 / 2);
    assertThat(Files.readString(compiled.resolve("genai_config.json"))).contains("\"qnn\"");
    assertThat(compiled.resolve("model.onnx.data")).doesNotExist();
    assertThat(compiled.resolve("tokenizer.json"))
        .hasSameBinaryContentAs(folder.resolve("tokenizer.json"));
    assertThatThrownBy(() -> Compile.of(compiled)).hasMessageContaining("is compiled already");
    try (Checkpoint opened = Checkpoints.open(compiled)) {
      assertThat(opened.notices()).anyMatch(line -> line.contains("AI Runtime 2.51.0;"));
      assertThatThrownBy(() -> Family.model(opened))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is compiled for an NPU");
    }
  }

  /** Of layers in parts each has a binary of its own; what the last gives is the CPU's. */
  @Test
  @Tag("slow")
  void partsGetABinaryEach() throws IOException {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64,parts=2");
    List<String> steps = new ArrayList<>();
    Path compiled = out.resolve("compiled");
    Compile.Result result =
        Compile.of(folder).qnn(environment()).progress(steps::add).into(compiled);
    assertThat(result.error().orElseThrow()).isLessThan(0.01);
    assertThat(steps).filteredOn(line -> line.startsWith("simulated")).hasSize(3);
    List<Path> binaries = binaries(compiled, "");
    assertThat(binaries).hasSize(3);
    long weights = Files.size(folder.resolve("model.onnx.data"));
    assertThat(result.bytes()).isBetween(weights / 2, weights * 3 / 2);
    JsonNode stages =
        new ObjectMapper()
            .readTree(compiled.resolve("genai_config.json").toFile())
            .path("model")
            .path("decoder")
            .path("pipeline")
            .path(0);
    assertThat(stages.fieldNames())
        .toIterable()
        .containsExactly(
            "embedding", "prompt-1", "prompt-2", "token-1", "token-2", "cache", "head");
    for (String name : List.of("prompt-1", "prompt-2", "token-1", "token-2")) {
      JsonNode options = stages.path(name).path("session_options");
      assertThat(options.path("ep.share_ep_contexts").asText()).isEqualTo("1");
    }
    assertThat(stages.path("head").path("session_options").has("ep.share_ep_contexts")).isFalse();
    try (Checkpoint opened = Checkpoints.open(compiled)) {
      assertThat(opened.notices()).anyMatch(line -> line.contains("AI Runtime 2.51.0;"));
    }
  }

  @Test
  void whatCannotBeCompiledIsSaidInALine() throws IOException {
    Path cut = make("onnx:int4,device=npu,prompt=16,context=64,parts=2");
    Files.delete(cut.resolve("token-2.onnx"));
    assertThatThrownBy(() -> Compile.of(cut))
        .isInstanceOf(UserError.class)
        .hasMessage(cut + " has no token-2.onnx, which its genai_config.json names.");
    Path dynamic = make("onnx:int4");
    assertThatThrownBy(() -> Compile.of(dynamic))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no fixed sizes");
    assertThatThrownBy(() -> Compile.of(out))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no genai_config.json");
    assertThatThrownBy(() -> Chip.named("x-elite,pentium"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no chip 'pentium'; there is 888, 8cx-gen-3");
  }

  /**
   * Two chips have one file, in which weights lie once; the simulator does not take such a file.
   */
  @Test
  @Tag("slow")
  void severalChipsGetOneFile() throws IOException {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64");
    List<String> steps = new ArrayList<>();
    Compile compile =
        Compile.of(folder)
            .qnn(environment())
            .chips(Chip.named("8-gen-3,SM8750,8-elite"))
            .progress(steps::add);
    assertThat(compile.usualOutput()).hasToString(folder + "-8-gen-3-8-elite");
    Path compiled = out.resolve("compiled");
    assertThat(compile.into(compiled).error()).isEmpty();
    assertThat(steps.getFirst()).contains("SM8650, HTP v75").contains("SM8750, HTP v79");
    assertThat(steps).noneMatch(line -> line.startsWith("simulated"));
    for (String graph : List.of("prompt", "token", "head")) {
      assertThat(binaries(compiled, graph)).as(graph).hasSize(1);
    }
    // The head's codes and scales: four bits, and two bytes for each 32 of them.
    long weights = 32064L * 768 * 9 / 16;
    assertThat(Files.size(binaries(compiled, "head").getFirst()))
        .isBetween(weights, weights * 3 / 2);
  }

  private static List<Path> binaries(Path folder, String graph) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(file -> file.getFileName().toString().matches(graph + ".*[.]bin")).toList();
    }
  }

  /** Which operator it was that Qualcomm's library left to the CPU; then nothing is written. */
  @Test
  void anOperatorThatTheHtpDoesNotTakeIsNamed() throws IOException {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64");
    Path file = folder.resolve("prompt.onnx");
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    model.getGraphBuilder().getNodeBuilderList().stream()
        .filter(node -> node.getName().equals("/model/layers.1/mlp/act_fn/Sigmoid"))
        .forEach(node -> node.setOpType("Erf"));
    Files.write(file, model.build().toByteArray());
    Compile compile = Compile.of(folder).qnn(environment());
    assertThatThrownBy(() -> compile.into(out.resolve("compiled")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "The HTP does not take these operators (prompt, token):"
                + " Erf (/model/layers.1/mlp/act_fn/Sigmoid).");
    assertThat(out.resolve("compiled")).doesNotExist();
  }

  /** Blocks are those that the same format has for GPUs, and are read as these are. */
  @Test
  void whatIsWrittenIsRead() {
    String parts = "onnx:int4,device=npu,prompt=16,context=64,parts=2";
    try (Checkpoint npu = Checkpoints.open(make(parts));
        Checkpoint gpu = Checkpoints.open(make("onnx:int4,device=cuda"))) {
      Map<String, StoredTensor> expected = gpu.tensors();
      assertThat(npu.tensors().keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
      assertThat(Family.model(npu).parameters()).isEqualTo(Family.model(gpu).parameters());
      expected.forEach(
          (name, tensor) ->
              assertThat(rows(npu.tensors().get(name))).as(name).isEqualTo(rows(tensor)));
    }
  }

  /** Weights of graphs of codes are those of the CPU's graph of codes. */
  @Test
  void whatIsWrittenInCodesIsRead() {
    String codes = "onnx:int8,activations=static";
    try (Checkpoint npu = Checkpoints.open(make(codes + ",device=npu,prompt=16,context=64"));
        Checkpoint cpu = Checkpoints.open(make(codes))) {
      assertThat(npu.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(cpu.tensors().keySet());
      cpu.tensors()
          .forEach(
              (name, tensor) ->
                  assertThat(rows(npu.tensors().get(name))).as(name).isEqualTo(rows(tensor)));
    }
  }

  /** An HTP that has no 16-bit floats gets codes, keys and values of 8 bits among them. */
  @Test
  @Tag("slow")
  void anOldChipGetsCodes() {
    Path folder = make("onnx:int8,device=npu,prompt=16,context=64,activations=static,cache_bits=8");
    Compile compile = Compile.of(folder).qnn(environment()).chips(Chip.named("888"));
    assertThat(compile.simulated(false).into(out.resolve("unchecked")).error()).isEmpty();
    compile.simulated(true);
    assertThat(compile.into(out.resolve("compiled")).error().orElseThrow()).isLessThan(0.05);
    Path wide = make("onnx:int8,device=npu,prompt=16,context=64,activations=static");
    Compile refused = Compile.of(wide).qnn(environment()).chips(Chip.named("888"));
    assertThatThrownBy(() -> refused.into(out.resolve("other")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has no cache of 16 bits");
  }

  private static float[] rows(StoredTensor tensor) {
    int count = (int) Math.min(3, tensor.rows());
    float[] rows = new float[Math.toIntExact(count * tensor.columns())];
    tensor.read(0, count, rows, 0);
    return rows;
  }

  /** A Python without the package is told from one that is none at all. */
  @Test
  void withoutTheLibraryItSaysHowToInstallIt() {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64");
    Path other = Engines.python("onnx");
    Compile compile = Compile.of(folder).qnn(Optional.of(other));
    assertThatThrownBy(() -> compile.into(out.resolve("compiled")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has no onnxruntime-qnn that works")
        .matches(error -> ((UserError) error).hint().contains("pip install onnxruntime-qnn"));
    assertThatThrownBy(() -> Compile.of(folder).qnn(Optional.of(out)).into(out.resolve("compiled")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is no Python");
    assertThat(out.resolve("compiled")).doesNotExist();
  }

  /**
   * The package of an ARM machine in a Python of this one: its library, by its header, is not ours.
   */
  @Test
  void aLibraryOfAnotherProcessorIsTold() throws IOException {
    Path folder = make("onnx:int4,device=npu,prompt=16,context=64");
    Path python = Engines.python("npu");
    Path original;
    try (Stream<Path> all = Files.walk(python.getParent().getParent(), 5)) {
      original = all.filter(one -> one.endsWith("onnxruntime_qnn")).findFirst().orElseThrow();
    }
    Path copy = Files.createDirectories(out.resolve("packages/onnxruntime_qnn"));
    try (Stream<Path> files = Files.list(original)) {
      for (Path file : files.filter(one -> one.toString().endsWith(".py")).toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    byte[] library = Files.readAllBytes(original.resolve("libonnxruntime_providers_qnn.so"));
    library[18] = (byte) 183; // e_machine of ELF's header: EM_AARCH64 in elf.h.
    Files.write(copy.resolve("libonnxruntime_providers_qnn.so"), library);
    Path started = out.resolve("python");
    Files.writeString(
        started,
        "#!/bin/sh\nPYTHONPATH='%s' exec '%s' \"$@\"\n".formatted(copy.getParent(), python));
    assertThat(started.toFile().setExecutable(true)).isTrue();
    Compile compile = Compile.of(folder).qnn(Optional.of(started));
    assertThatThrownBy(() -> compile.into(out.resolve("compiled")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has no onnxruntime-qnn that works")
        .hasMessageContaining("version 2.7.0 does not load here, Linux x86_64, onnxruntime 1.32.0");
    assertThat(out.resolve("compiled")).doesNotExist();
  }

  private static Optional<Path> environment() {
    return Optional.of(Engines.python("npu").getParent().getParent());
  }

  private Path make(String spec) {
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny("phi-3.5-mini"))) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
