package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.fixtures.ManyLayers;
import phiquant.fixtures.MatrixFile;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;

/** Our engine gives what llama.cpp's library gives on the same files. */
class LlamaLogitsIT {
  private static final int WINDOW = 256;

  @TempDir Path folder;

  /** F32 against F32, and a greedy continuation of 64 tokens, chosen by both. */
  @ParameterizedTest
  @ValueSource(strings = {"smolphi-wide", "smolphi-135m"})
  void f32LogitsAndSixtyFourGreedyTokensAreEqual(String model) {
    Path checkpoint =
        model.equals("smolphi-wide") ? Fixtures.smolPhiWide() : Fixtures.smolPhi135m();
    Path file = quantize(checkpoint, "F32");
    int[] prompt = prompt();
    try (LanguageModel ours = LanguageModel.open(Checkpoints.open(file), RunOptions.exact());
        LlamaLibrary.Session theirs = llama(file)) {
      KvCache cache = ours.cache(WINDOW);
      float[] logits = ours.logits(prompt, cache);
      float[][] expected = theirs.logits(prompt);
      assertClose(logits, expected[prompt.length - 1]);
      int[] ids = prompt;
      for (int i = 0; i < 64; i++) {
        int next = TinyPhiLogitsTest.argmax(logits);
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = next;
        logits = ours.logits(new int[] {next}, cache);
      }
      float[][] all = theirs.logits(ids);
      for (int i = prompt.length; i < ids.length; i++) {
        assertThat(LlamaLibrary.argmax(all[i - 1])).isEqualTo(ids[i]);
      }
    }
  }

  /** Weights alone: the quantized file in our engine, its weights as F32 in llama.cpp. */
  @ParameterizedTest
  @ValueSource(strings = {"Q4_K_M", "Q5_K_M", "Q3_K_M", "Q4_0", "Q5_1", "Q8_0", "IQ4_XS", "F16"})
  void quantizedLogitsEqualTheDecodedFile(String type) {
    Path quantized = quantize(Fixtures.tinyPhi35Mini(), type);
    Path decoded = quantize(quantized, "F32");
    int[] ids = IntStream.range(0, 40).map(i -> (7919 * i + 13) % 32000).toArray();
    try (LanguageModel ours = LanguageModel.open(Checkpoints.open(quantized), RunOptions.exact());
        LlamaLibrary.Session theirs = llama(decoded)) {
      assertClose(ours.logits(ids, ours.cache(WINDOW)), theirs.logits(ids)[ids.length - 1]);
    }
  }

  /**
   * The text part of a model that sees; its makers' tokenizer gives the same, after {@code <s>}.
   */
  @Test
  void theTextOfAModelThatSeesIsTheSame() {
    Path checkpoint = Fixtures.tiny("phi-3.5-vision");
    int[] ids = IntStream.range(0, 40).map(i -> (7919 * i + 13) % 32000).toArray();
    try (LanguageModel ours = LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.exact());
        LlamaLibrary.Session theirs = llama(quantize(checkpoint, "F32"))) {
      assertClose(ours.logits(ids, ours.cache(WINDOW)), theirs.logits(ids)[ids.length - 1]);
      assertThat(theirs.tokenize("Hello, world!", true)).containsExactly(15043, 29892, 3186, 29991);
    }
  }

  /** The types of few bits, and the one that llama-quantize does not make, in both engines. */
  @ParameterizedTest
  @ValueSource(
      strings = {"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_M", "IQ3_XXS", "IQ3_M", "NVFP4"})
  void lowBitLogitsAreThoseOfLlama(String type) throws IOException {
    Path model = ManyLayers.folder(4, true);
    Path matrix = folder.resolve("matrix.gguf");
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      MatrixFile.write(matrix, MatrixFile.random(checkpoint), 8);
    }
    Path file = quantize(model, type + ",imatrix=" + matrix);
    RunOptions options = new RunOptions(2, Activations.INT8, LongRopeRule.LLAMA, CacheType.F32);
    int[] ids = IntStream.range(0, 40).map(i -> (79 * i + 13) % 256).toArray();
    try (LanguageModel ours = LanguageModel.open(Checkpoints.open(file), options);
        LlamaLibrary.Session theirs = llama(file)) {
      float[] logits = ours.logits(ids, ours.cache(WINDOW));
      assertClose(logits, theirs.logits(ids)[ids.length - 1], 0.03f);
    }
  }

  /**
   * Rounded activations: llama.cpp's perplexity of the same file. Sums in another order let single
   * activations be rounded the other way, which later layers amplify: changing every weight by 1e-7
   * moves the loss of such a text by up to 0.025.
   */
  @ParameterizedTest
  @ValueSource(strings = {"Q4_K_M", "Q8_0"})
  void perplexityIsThatOfLlama(String type) {
    Path file = quantize(Fixtures.smolPhiWide(), type);
    RunOptions options = new RunOptions(2, Activations.INT8, LongRopeRule.LLAMA, CacheType.F32);
    try (LanguageModel ours = LanguageModel.open(Checkpoints.open(file), options);
        LlamaLibrary.Session theirs = llama(file)) {
      int[] text = theirs.tokenize(TEXT, false);
      int[] ids = Arrays.copyOf(text, Math.min(text.length, WINDOW));
      double[] loss = new double[2];
      float[][] expected = theirs.logits(ids);
      ours.logits(
          ids,
          ours.cache(WINDOW),
          (index, logits) -> {
            if (index + 1 < ids.length) {
              loss[0] -= TinyPhiLogitsTest.logSoftmax(logits, ids[index + 1]);
              loss[1] -= TinyPhiLogitsTest.logSoftmax(expected[index], ids[index + 1]);
            }
          });
      double ratio = Math.exp((loss[0] - loss[1]) / (ids.length - 1));
      assertThat(ratio).isCloseTo(1, within(0.03));
    }
  }

  /** The largest difference, beside the largest logit. */
  private static void assertClose(float[] ours, float[] theirs) {
    assertClose(ours, theirs, 1e-3f);
  }

  private static void assertClose(float[] ours, float[] theirs, float bound) {
    float largest = 0;
    float difference = 0;
    for (int i = 0; i < theirs.length; i++) {
      largest = Math.max(largest, Math.abs(theirs[i]));
      difference = Math.max(difference, Math.abs(ours[i] - theirs[i]));
    }
    assertThat(difference / largest).isLessThan(bound);
  }

  private Path quantize(Path from, String type) {
    try (Checkpoint checkpoint = Checkpoints.open(from)) {
      return Quantize.of(checkpoint)
          .to("gguf:" + type)
          .into(folder.resolve(type.replaceAll(",.*", "")))
          .get(0);
    }
  }

  private static LlamaLibrary.Session llama(Path file) {
    return LlamaLibrary.open(Engines.llamaLibrary()).load(file, WINDOW);
  }

  private static int[] prompt() {
    return new com.fasterxml.jackson.databind.ObjectMapper()
        .convertValue(
            Golden.json("greedy").path("smolphi-wide").path(0).path("prompt_ids"), int[].class);
  }

  /** The first sentences of the Apache License, 2.0. */
  private static final String TEXT =
      """
      "License" shall mean the terms and conditions for use, reproduction, and distribution as \
      defined by Sections 1 through 9 of this document. "Licensor" shall mean the copyright owner \
      or entity authorized by the copyright owner that is granting the License. "Legal Entity" \
      shall mean the union of the acting entity and all other entities that control, are \
      controlled by, or are under common control with that entity. For the purposes of this \
      definition, "control" means (i) the power, direct or indirect, to cause the direction or \
      management of such entity, whether by contract or otherwise, or (ii) ownership of fifty \
      percent (50%) or more of the outstanding shares, or (iii) beneficial ownership of such \
      entity. "You" (or "Your") shall mean an individual or Legal Entity exercising permissions \
      granted by this License. "Source" form shall mean the preferred form for making \
      modifications, including but not limited to software source code, documentation source, \
      and configuration files. "Object" form shall mean any form resulting from mechanical \
      transformation or translation of a Source form, including but not limited to compiled \
      object code, generated documentation, and conversions to other media types.\
      """;
}
