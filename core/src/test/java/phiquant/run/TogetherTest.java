package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;

/** Sequences that grow together have, to the last bit, the logits that each has alone. */
class TogetherTest {
  private static final int STEPS = 3;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "phi-3.5-mini,gguf:Q4_K_M",
    "phi-3.5-mini,gguf:Q4_0",
    "phi-3.5-mini,gguf:Q8_0",
    "phi-3.5-mini,gguf:Q5_K_M",
    "phi-3.5-mini,gguf:F16",
    "phi-4-mini,mlx:4bit",
    "phi-4-mini,onnx:int4",
    "phi-4-mini,openvino:int4"
  })
  void ofEveryFamilyOfFormats(String kind, String target) {
    Path artifact;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      artifact = Quantize.of(checkpoint).to(target).into(folder).get(0);
    }
    assertTogether(artifact, RunOptions.defaults());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"phi-3.5-mini", "phi-4", "phi-2", "phi-3-small", "phi-mini-moe", "phi-moe"})
  void ofEveryArchitecture(String kind) {
    assertTogether(
        Fixtures.tiny(kind),
        new RunOptions(2, Activations.F32, LongRopeRule.CHECKPOINT, CacheType.INT8));
  }

  /**
   * Before the JVM has compiled a kernel it adds the lanes of a vector in another order, which the
   * Vector API leaves open: so it may take some rounds.
   */
  private static void eventually(BooleanSupplier same) {
    long end = System.nanoTime() + 60_000_000_000L;
    boolean is = same.getAsBoolean();
    while (!is && System.nanoTime() < end) {
      is = same.getAsBoolean();
    }
    assertThat(is).isTrue();
  }

  private static void assertTogether(Path artifact, RunOptions options) {
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(artifact), options)) {
      for (int count : new int[] {2, 5, 8}) {
        eventually(() -> areSame(model, count));
      }
    }
  }

  private static boolean areSame(LanguageModel model, int count) {
    KvCache[] together = new KvCache[count];
    KvCache[] alone = new KvCache[count];
    for (int i = 0; i < count; i++) {
      int[] prompt = ids(model, i, 3 + 5 * i);
      together[i] = model.cache(64);
      model.logits(prompt, together[i]);
      alone[i] = model.cache(64);
      alone[i].copy(together[i], prompt.length);
    }
    boolean same = true;
    for (int step = 0; step < STEPS; step++) {
      int[] tokens = ids(model, 100 * count + step, count);
      float[][] logits = new float[count][model.config().vocabulary()];
      model.step(tokens, together, count, logits);
      for (int i = 0; i < count; i++) {
        float[] expected = model.logits(new int[] {tokens[i]}, alone[i]);
        same &= Arrays.equals(logits[i], expected);
      }
    }
    return same;
  }

  private static int[] ids(LanguageModel model, int seed, int count) {
    int[] ids = new int[count];
    for (int i = 0; i < count; i++) {
      ids[i] = (7919 * (i + 31 * seed) + 13) % model.config().vocabulary();
    }
    return ids;
  }

  /** However a prompt is cut, because others wait or do not. */
  @Test
  void portionsOfAPromptMakeNoDifference() {
    Path artifact;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      artifact = Quantize.of(checkpoint).to("gguf:Q4_K_M").into(folder).get(0);
    }
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(artifact), RunOptions.defaults())) {
      for (int length : new int[] {63, 64, 65, 100, 257, 330, 700}) {
        int[] prompt = ids(model, length, length);
        eventually(() -> Arrays.equals(read(model, prompt, true), read(model, prompt, false)));
      }
    }
  }

  private static float[] read(LanguageModel model, int[] prompt, boolean alone) {
    KvCache cache = model.cache(1024);
    float[] logits = null;
    while (cache.length() < prompt.length) {
      int size = Portions.next(prompt.length - cache.length(), alone);
      logits =
          model.logits(Arrays.copyOfRange(prompt, cache.length(), cache.length() + size), cache);
    }
    return logits;
  }

  /** Pages that two sequences share are nobody else's when either goes on. */
  @ParameterizedTest
  @ValueSource(strings = {"F32", "F16", "INT8"})
  void aCopiedBeginningIsTheSameAndStaysSo(CacheType type) {
    RunOptions options = new RunOptions(2, Activations.F32, LongRopeRule.CHECKPOINT, type);
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(Fixtures.tinyPhi35Mini()), options)) {
      int[] text = ids(model, 1, 600);
      KvCache first = model.cache(700);
      model.logits(text, first);
      for (int known : new int[] {1, 255, 256, 257, 512, 599}) {
        KvCache copy = model.cache(700);
        copy.copy(first, known);
        int[] other = ids(model, 2 + known, 60);
        float[] ours = model.logits(other, copy);
        KvCache own = model.cache(700);
        model.logits(Arrays.copyOf(text, known), own);
        assertThat(ours).containsExactly(model.logits(other, own), within());
        // The first goes on from an earlier place: the copy does not notice, nor it the copy.
        first.truncate(known / 2);
        model.logits(Arrays.copyOfRange(text, known / 2, 600), first);
        copy.truncate(copy.length() - 1);
        int[] last = {other[59]};
        float[] again = model.logits(last, copy);
        own.truncate(own.length() - 1);
        assertThat(again).containsExactly(model.logits(last, own), within());
      }
    }
  }

  /** Prompts that are cut elsewhere are computed in batches of other sizes. */
  private static org.assertj.core.data.Offset<Float> within() {
    return org.assertj.core.api.Assertions.within(1e-4f);
  }
}
