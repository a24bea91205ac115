package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engines.Engines;
import phiquant.engines.GgmlQuantizer;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our files in the real llama.cpp, and its quantizer live beside ours. */
class LlamaIT {
  private static final String PROMPT = "1, 2, 3, 4, 5,";

  @TempDir Path out;

  /**
   * No key names the producer, so whole files can be equal. Every type but Q2_K_S, which llama.cpp
   * refuses without an importance matrix.
   */
  @ParameterizedTest
  @CsvSource({
    "smolphi-mixed, Q4_K_M Q3_K_M IQ4_XS Q8_0 F16",
    "tiny-phi-3.5-mini, F32 BF16 Q4_0 Q4_K_M Q5_K_S Q3_K_L Q8_0 TQ1_0",
    "tiny-phi-4, Q4_K_S Q6_K Q2_K Q4_1 Q5_1 TQ2_0",
    "tiny-phi-4-mini, Q5_K_M Q3_K_S IQ4_NL Q5_0 MXFP4_MOE",
  })
  void wholeFilesEqualThoseOfLlamaModelQuantize(String model, String types) throws IOException {
    Path folder =
        model.equals("smolphi-mixed")
            ? Fixtures.smolPhiMixed()
            : Fixtures.tiny(model.substring("tiny-".length()));
    Path source = source(folder);
    for (String type : types.split(" ")) {
      Path theirs = out.resolve("theirs.gguf");
      GgmlQuantizer.quantize(source, theirs, GgufFileType.valueOf(type).id(), false);
      Path ours = make(folder, "gguf:" + type);
      assertThat(Files.mismatch(ours, theirs)).as(type).isEqualTo(-1);
      Files.delete(ours);
      Files.delete(theirs);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M",
        "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M"
      })
  void continuesTheCountingPrompt(String type) throws IOException {
    boolean common = type.equals("Q4_K_M") || type.equals("Q8_0") || type.equals("F32");
    List<Path> folders =
        common
            ? List.of(Fixtures.smolPhi135m(), Fixtures.smolPhiWide())
            : List.of(Fixtures.smolPhi135m());
    for (Path folder : folders) {
      Path file = make(folder, "gguf:" + type);
      String answer = LlamaLibrary.open(Engines.llamaLibrary()).complete(file, PROMPT, 18);
      assertThat(answer).as(folder.getFileName() + " " + type).startsWith(" 6, 7, 8, 9, 10,");
      Files.delete(file);
    }
  }

  /** What is too coarse to count says at least what the peer's file says. */
  @ParameterizedTest
  @ValueSource(strings = {"Q2_K", "Q3_K_S", "TQ1_0", "TQ2_0", "MXFP4_MOE"})
  void coarseTypesContinueAsThePeersFile(String type) throws IOException {
    Path source = source(Fixtures.smolPhiWide());
    Path theirs = out.resolve("theirs.gguf");
    GgmlQuantizer.quantize(source, theirs, GgufFileType.valueOf(type).id(), false);
    Path ours = make(Fixtures.smolPhiWide(), "gguf:" + type);
    LlamaLibrary llama = LlamaLibrary.open(Engines.llamaLibrary());
    assertThat(llama.complete(ours, PROMPT, 18)).isEqualTo(llama.complete(theirs, PROMPT, 18));
  }

  /** Without an importance matrix llama.cpp does not make this type, but it runs ours. */
  @Test
  void q2KSLoadsAndRuns() {
    Path file = make(Fixtures.smolPhiWide(), "gguf:Q2_K_S");
    try (LlamaLibrary.Session session = LlamaLibrary.open(Engines.llamaLibrary()).load(file, 64)) {
      float[][] logits = session.logits(session.tokenize(PROMPT, true));
      for (float[] row : logits) {
        for (float logit : row) {
          assertThat(Float.isFinite(logit)).isTrue();
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"phi-2", "phi-3.5-mini", "phi-4", "phi-4-mini"})
  void tinyModelsGiveTransformersLogits(String kind) throws IOException {
    Path file = make(Fixtures.tiny(kind), "gguf:F32");
    JsonNode golden = Golden.json("logits-tiny-" + kind);
    // llama.cpp looks GELU up in a table of binary16 numbers.
    float error = kind.equals("phi-2") ? 1e-2f : 1e-3f;
    String formula = golden.path("how").path("ids").asText();
    int modulus = Integer.parseInt(formula.replaceAll(".*mod (\\d+).*", "$1"));
    for (JsonNode prompt : golden.path("prompts")) {
      int length = prompt.path("length").asInt();
      int[] ids = new int[length];
      for (int i = 0; i < length; i++) {
        ids[i] = (int) ((7919L * i + 13) % modulus);
      }
      // llama.cpp chooses longrope's factors by the context that it is given.
      int context = Math.ceilDiv(length, 256) * 256;
      try (LlamaLibrary.Session session =
          LlamaLibrary.open(Engines.llamaLibrary()).load(file, context)) {
        float[][] logits = session.logits(ids);
        float[] last = logits[length - 1];
        for (String list : List.of("last_top5", "last_sample")) {
          for (JsonNode pair : prompt.path(list)) {
            assertThat(last[pair.path(0).asInt()])
                .as("%s, %d tokens, %s", kind, length, list)
                .isCloseTo((float) pair.path(1).asDouble(), within(error));
          }
        }
        List<Integer> best = new ArrayList<>();
        for (float[] row : logits) {
          best.add(LlamaLibrary.argmax(row));
        }
        List<Integer> expected = new ArrayList<>();
        prompt.path("argmax").forEach(id -> expected.add(id.asInt()));
        // Some goldens have all of a prompt's, others its last ones.
        assertThat(best.subList(length - expected.size(), length)).isEqualTo(expected);
      }
    }
  }

  /**
   * The last column lists what llama.cpp does otherwise with any file: it keeps the white space
   * after Phi-4's special tokens, which tokenizer.json strips.
   */
  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, tokenizer-cases, ''",
    "tiny-phi-2, tokenizer-cases-phi-2, ''",
    "tiny-phi-3.5-mini, tokenizer-cases-phi-3, ''",
    "tiny-phi-4, tokenizer-cases-phi-4, <|im_start|>user\\nHi<|im_end|>\\n",
    "tiny-phi-4-mini, tokenizer-cases-phi-4-mini, <|user|>\\nHi<|end|>\\n<|assistant|>\\n",
  })
  void llamaTokenizesAsTokenizerJsonDoes(String model, String cases, String limits)
      throws IOException {
    Path folder =
        model.equals("smolphi-wide")
            ? Fixtures.smolPhiWide()
            : Fixtures.tiny(model.substring("tiny-".length()));
    // llama.cpp strips white space after Phi-3's special tokens only in models of that name.
    Path file = make(folder, "gguf:Q8_0" + (model.contains("3.5") ? ",name=Phi-3.5-mini" : ""));
    List<String> different = new ArrayList<>();
    try (LlamaLibrary.Session session = LlamaLibrary.open(Engines.llamaLibrary()).load(file, 64)) {
      for (JsonNode test : Golden.json(cases).path("cases")) {
        String text = test.path("text").asText();
        List<Integer> expected = new ArrayList<>();
        test.path("ids").forEach(id -> expected.add(id.asInt()));
        List<Integer> ours = new ArrayList<>();
        for (int id : session.tokenize(text, true)) {
          ours.add(id);
        }
        if (!ours.equals(expected)) {
          different.add(text.replace("\n", "\\n"));
        }
      }
    }
    assertThat(String.join(" and ", different)).isEqualTo(limits);
  }

  /** llama.cpp finds the other files of a split model by the first one's name. */
  @Test
  void splitModelsLoad() throws IOException {
    Path split = make(Fixtures.smolPhi135m(), "gguf:Q8_0,split-max-size=50M");
    Path first;
    try (var files = Files.list(split)) {
      first = files.filter(f -> f.toString().contains("-00001-of-")).findFirst().orElseThrow();
    }
    assertThat(LlamaLibrary.open(Engines.llamaLibrary()).complete(first, PROMPT, 18))
        .startsWith(" 6, 7, 8, 9, 10,");
  }

  /** What llama-quantize starts from, in a folder of its own: our BF16 file has the same name. */
  private Path source(Path folder) {
    return make(folder, "gguf:BF16,layout=convert", out.resolve("source"));
  }

  private Path make(Path folder, String spec) {
    return make(folder, spec, out);
  }

  private static Path make(Path folder, String spec, Path into) {
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      return Quantize.of(checkpoint).overwrite(true).to(spec).into(into).get(0);
    }
  }
}
