package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.KvCache;

/** ONNX Runtime's SparseAttention is what a Phi-3-small has by its definition, on the CPU. */
class OnnxPhi3SmallIT {
  private static final int SIZE = 100256;

  @TempDir Path out;

  @Test
  void promptsHaveTheLogitsOfTheDefinition() throws IOException {
    String folder = make("onnx:fp32,prune_lm_head=true").toString();
    JsonNode prompts = Golden.json("logits-tiny-phi-3-small").path("prompts");
    List<String> arguments = new ArrayList<>(List.of("logits", folder, "" + SIZE));
    prompts.forEach(prompt -> arguments.add(prompt.path("length").asText()));
    List<JsonNode> answers = ask(arguments);
    for (int i = 0; i < prompts.size(); i++) {
      for (JsonNode pair : prompts.path(i).path("last")) {
        assertThat(answers.get(i).path("last").path(pair.path(0).asInt()).asDouble())
            .isCloseTo(pair.path(1).asDouble(), within(1e-4));
      }
    }
  }

  /** With the cache, across the end of a block. */
  @Test
  void itGoesOnAsPhiquantDoes() throws IOException {
    Path model = make("onnx:fp32,prune_lm_head=true");
    int[] ids = IntStream.range(0, 1211).map(i -> (int) ((7919L * i + 13) % SIZE)).toArray();
    List<Integer> ours = new ArrayList<>();
    try (LanguageModel own =
        LanguageModel.open(Checkpoints.open(Fixtures.tiny("phi-3-small")), RunOptions.exact())) {
      KvCache cache = own.cache(ids.length + 12);
      float[] logits = own.logits(ids, cache);
      for (int i = 0; i < 12; i++) {
        int next = argmax(logits);
        ours.add(next);
        logits = own.logits(new int[] {next}, cache);
      }
    }
    String prompts = new ObjectMapper().writeValueAsString(List.of(ids));
    JsonNode theirs = ask(List.of("greedy", model.toString(), "12", prompts)).getFirst();
    assertThat(theirs.toString().replace(" ", "")).isEqualTo(ours.toString().replace(" ", ""));
  }

  /** But for a text with NUL, where GenAI ends it. */
  @Test
  void textsAreCutAsTiktokenCutsThem() throws IOException {
    List<String> texts = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    for (JsonNode one : Golden.json("tokens-phi-3-small").path("cases")) {
      if (one.path("text").asText().indexOf('\0') < 0) {
        texts.add(one.path("text").asText());
        expected.add(one.path("tokens").toString());
      }
    }
    Path file = out.resolve("texts.json");
    new ObjectMapper().writeValue(file.toFile(), texts);
    Path model = make("onnx:int4");
    assertThat(ask(List.of("tokenize", model.toString(), file.toString())))
        .extracting(JsonNode::toString)
        .isEqualTo(expected)
        .hasSizeGreaterThan(40);
  }

  private static int argmax(float[] values) {
    return IntStream.range(0, values.length)
        .reduce((a, b) -> values[b] > values[a] ? b : a)
        .orElse(0);
  }

  private Path make(String target) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-3-small"))) {
      return Quantize.of(checkpoint).to(target).into(out).getFirst();
    }
  }

  private static List<JsonNode> ask(List<String> arguments) throws IOException {
    List<JsonNode> answers = new ArrayList<>();
    String text =
        Engines.run(
            Engines.python("onnx"), "engines/onnx_driver.py", arguments.toArray(String[]::new));
    for (String line : text.lines().toList()) {
      answers.add(new ObjectMapper().readTree(line));
    }
    return answers;
  }
}
