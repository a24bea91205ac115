package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engine.plan.TargetSpec;
import phiquant.engines.Engines;
import phiquant.engines.GgmlQuantizer;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.quant.ggml.GgmlType;

/** Options against llama-quantize's, and split files in llama.cpp. */
class GgufOptionsIT {
  @TempDir Path out;

  /** phi-3.5-mini has a head of its own, phi-4-mini's is tied to the embedding. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "phi-4-mini   | gguf:Q4_0,output-tensor-type=Q8_0",
        "phi-3.5-mini | gguf:Q4_K_M,token-embedding-type=Q4_0,output-tensor-type=F16",
        "phi-3.5-mini | gguf:Q5_K_S,pure,leave-output-tensor",
        "phi-3.5-mini | gguf:F16,output-tensor-type=Q8_0,tensor-type=attn_qkv=Q8_0",
        "phi-3.5-mini | gguf:Q4_0,tensor-type=ffn_down=Q8_0;attn_.*=Q5_0",
        "phi-3.5-mini | gguf:Q4_K_M,pure,tensor-type=^blk\\.0\\.=Q6_K",
        "phi-3.5-mini | gguf:Q4_K_M,tensor-type=blk\\.[01]\\.attn_qkv=Q4_K;attn_qkv=Q8_0",
        "phi-3.5-mini | gguf:Q8_0,tensor-type=token_embd=Q4_1;output.weight=Q5_1",
      })
  void wholeFilesEqualLlamaQuantizes(String kind, String text) throws IOException {
    TargetSpec spec = TargetSpec.parse(text);
    Map<String, String> options = spec.options();
    Path source = make(Fixtures.tiny(kind), "gguf:BF16,layout=convert");
    Path theirs = out.resolve("theirs.gguf");
    GgmlQuantizer.quantize(
        source,
        theirs,
        GgufFileType.valueOf(spec.format()).id(),
        options.containsKey("pure"),
        options.containsKey("leave-output-tensor"),
        type(options.get("output-tensor-type")),
        type(options.get("token-embedding-type")),
        overrides(options.getOrDefault("tensor-type", "")));
    assertThat(Files.mismatch(make(Fixtures.tiny(kind), text), theirs)).isEqualTo(-1);
  }

  @Test
  void llamaLoadsSplitFilesAsOneModel() throws IOException {
    Path whole = make(Fixtures.smolPhiWide(), "gguf:Q8_0");
    Path folder = make(Fixtures.smolPhiWide(), "gguf:Q8_0,split-max-size=60M");
    List<Path> parts;
    try (Stream<Path> files = Files.list(folder)) {
      parts = files.filter(file -> file.toString().endsWith(".gguf")).sorted().toList();
    }
    assertThat(parts).hasSizeGreaterThan(2);
    assertThat(parts.get(0).getFileName().toString())
        .isEqualTo(String.format("smolphi-wide-Q8_0-00001-of-%05d.gguf", parts.size()));
    for (int i = 0; i < parts.size(); i++) {
      try (Arena arena = Arena.ofConfined()) {
        GgufFile part = GgufFile.read(parts.get(i), MappedFile.map(parts.get(i), arena));
        List<String> keys = List.copyOf(part.metadata().keySet());
        assertThat(keys.subList(keys.size() - 3, keys.size()))
            .containsExactly("split.no", "split.tensors.count", "split.count");
        assertThat(keys.size() == 3).isEqualTo(i > 0);
        assertThat(Files.size(parts.get(i))).isLessThan(62_000_000);
      }
    }
    assertThat(logits(parts.get(0))).isEqualTo(logits(whole));
  }

  private static float[] logits(Path file) {
    try (LlamaLibrary.Session session = LlamaLibrary.open(Engines.llamaLibrary()).load(file, 64)) {
      float[][] logits = session.logits(session.tokenize("1, 2, 3,", true));
      return logits[logits.length - 1];
    }
  }

  private static GgmlType type(String name) {
    return name == null ? null : GgmlType.valueOf(name);
  }

  private static Map<String, GgmlType> overrides(String text) {
    Map<String, GgmlType> overrides = new LinkedHashMap<>();
    for (String choice : text.split(";")) {
      if (!choice.isEmpty()) {
        String[] sides = choice.split("=");
        overrides.put(sides[0], type(sides[1]));
      }
    }
    return overrides;
  }

  private Path make(Path folder, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      return Quantize.of(checkpoint).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
