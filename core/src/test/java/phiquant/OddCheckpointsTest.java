package phiquant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.OddCheckpoints;
import phiquant.model.phi.Family;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * Checkpoints as people have them come out right: as the model that they were before they became
 * odd, whose GGUF and logits {@code GgufGoldenTest} and {@code TinyPhiLogitsTest} hold to
 * convert_hf_to_gguf's and transformers', or as one line that says what is wrong.
 */
class OddCheckpointsTest {
  private static final int[] TOKENS = {1, 319, 1243, 29871, 13};

  /** The bases' GGUF files, made once. */
  @TempDir static Path bases;

  private static final Map<Path, Path> BASE_FILES = new HashMap<>();

  @TempDir Path folder;

  @Test
  @DisplayName("its own head is used, though tie_word_embeddings is true")
  void anotherHeadThanTheTiedEmbeddingIsUsed() throws IOException {
    OddCheckpoints odd = OddCheckpoints.TIED_BY_CONFIG_WITH_ANOTHER_HEAD;
    Path checkpoint = odd.in(folder);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("lm_head.weight differs");
    // The head is the embedding with its last row first, so the logits are rolled too.
    float[] tied = logits(odd.base());
    float[] rolled = new float[tied.length];
    rolled[0] = tied[tied.length - 1];
    System.arraycopy(tied, 0, rolled, 1, tied.length - 1);
    assertThat(farthest(logits(checkpoint), rolled)).isLessThan(1e-4);
    for (String target : List.of("gguf:BF16", "mlx:bf16", "onnx:fp32", "openvino:fp32")) {
      Path made = make(checkpoint, target, folder.resolve("out"));
      assertThat(farthest(logits(made), rolled)).as(target).isLessThan(2e-2);
      try (Checkpoint again = Checkpoints.open(made)) {
        assertThat(again.config().path("tie_word_embeddings").asBoolean(true)).isFalse();
        assertThat(again.file("config.json").map(String::new).orElseThrow())
            .containsPattern("\"tie_word_embeddings\" ?: ?false");
        assertThat(Family.model(again).notices()).as(target).isEmpty();
      }
    }
  }

  @Test
  @DisplayName("same as base, and one line that says that an equal head was left out")
  void aHeadThatEqualsTheTiedEmbeddingIsLeftOut() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.TIED_BY_CONFIG_WITH_AN_EQUAL_HEAD);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("lm_head.weight equals");
  }

  @Test
  @DisplayName("same as base: the index decides; one line names the stray file that is not read")
  void aStrayFileBesideAnIndexIsNotRead() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.STRAY_FILE_BESIDE_AN_INDEX);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("model.safetensors.");
  }

  @Test
  @DisplayName("same as base: every tensor is there once, so no index is needed")
  void shardsNeedNoIndex() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.SHARDS_WITHOUT_AN_INDEX);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("2 shards");
  }

  @Test
  @DisplayName("shards without an index: one line that says what is missing")
  void aShardThatIsMissingIsNamed() throws IOException {
    Path checkpoint = OddCheckpoints.SHARDS_WITHOUT_AN_INDEX.in(folder);
    Files.delete(checkpoint.resolve("model-00002-of-00002.safetensors"));
    assertRefused(checkpoint, "model-00002-of-00002.safetensors is missing");
  }

  @Test
  @DisplayName("same as base: the index names where each tensor is, though a shard has a copy")
  void theIndexIsFollowedWhereShardsOverlap() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.INDEX_THAT_OVERLAYS_SHARDS);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("lm_head.weight");
  }

  @Test
  @DisplayName("same as base; one line says that all names began with base_model.model.")
  void aPrefixOfPeftIsLeftOff() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.PREFIX_BASE_MODEL_MODEL);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("'base_model.model.'");
  }

  @Test
  @DisplayName("same as base; one line says that all names began with module.")
  void aPrefixOfDataParallelTrainingIsLeftOff() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.PREFIX_MODULE);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("'module.'");
  }

  @Test
  @DisplayName("same as base: names without model.")
  void namesWithoutPrefixAreRead() throws IOException {
    Path checkpoint = sameAsBase(OddCheckpoints.NO_PREFIX);
    assertThat(notices(checkpoint)).singleElement(STRING).contains("lack 'model.'");
  }

  @Test
  @DisplayName("refused by name: a bias that is not called for; --ignore lets it pass")
  void aBiasIsRefusedUnlessItIsIgnored() throws IOException {
    OddCheckpoints odd = OddCheckpoints.A_BIAS_THAT_IS_NOT_CALLED_FOR;
    Path checkpoint = odd.in(folder, odd.base().getFileName().toString());
    assertRefused(checkpoint, "'model.layers.1.self_attn.o_proj.bias'");
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      Quantize quantize = Quantize.of(source).to("gguf:BF16").ignoring("o_proj\\.bias$");
      assertThat(quantize.notices()).singleElement(STRING).contains("o_proj.bias");
      Path made = quantize.into(folder.resolve("out")).get(0);
      assertThat(Files.mismatch(made, baseFile(odd.base()))).isEqualTo(-1);
    }
  }

  @Test
  @DisplayName("refused in one line: an adapter's weights; which base model, and how to merge it")
  void anAdapterAloneIsRefused() throws IOException {
    Path adapter = OddCheckpoints.ADAPTER_ONLY.in(folder);
    assertThatThrownBy(() -> Checkpoints.open(adapter))
        .isInstanceOfSatisfying(
            UserError.class,
            error -> {
              assertThat(error).hasMessageContaining("microsoft/Phi-4-mini-instruct");
              assertThat(error.hint()).contains("merge_and_unload()");
            });
  }

  @Test
  @DisplayName("an adapter beside weights: one line says that it is not applied")
  void anAdapterBesideWeightsIsNamed() throws IOException {
    Path checkpoint = OddCheckpoints.ADAPTER_ONLY.in(folder);
    try (Stream<Path> files = Files.list(OddCheckpoints.ADAPTER_ONLY.base())) {
      for (Path file : files.toList()) {
        Files.createSymbolicLink(checkpoint.resolve(file.getFileName()), file);
      }
    }
    assertThat(notices(checkpoint)).singleElement(STRING).contains("is not applied");
  }

  @Test
  @DisplayName("same as base; its name is Phi-4-mini-instruct, not the commit")
  void aSnapshotOfTheHubsCacheIsItsRepository() throws IOException {
    Path snapshot = OddCheckpoints.HUB_CACHE.in(folder).resolve(OddCheckpoints.SNAPSHOT);
    Path named = folder.resolve("Phi-4-mini-instruct");
    Files.createSymbolicLink(named, OddCheckpoints.HUB_CACHE.base());
    Path plain = gguf(named, folder.resolve("plain"));
    for (Path given : List.of(snapshot, snapshot.getParent().getParent())) {
      Path made = gguf(given, folder.resolve("out"));
      assertThat(made).hasFileName("Phi-4-mini-instruct-BF16.gguf");
      assertThat(Files.mismatch(made, plain)).isEqualTo(-1);
      Files.delete(made);
    }
    assertSameLogits(snapshot, OddCheckpoints.HUB_CACHE.base());
  }

  /** The same GGUF file, byte for byte, and the same logits. */
  private Path sameAsBase(OddCheckpoints odd) throws IOException {
    // Called as the base is, for a GGUF carries its model's name.
    Path checkpoint = odd.in(folder, odd.base().getFileName().toString());
    assertSame(checkpoint, odd.base());
    return checkpoint;
  }

  private void assertSame(Path checkpoint, Path base) throws IOException {
    assertThat(Files.mismatch(gguf(checkpoint, folder.resolve("out")), baseFile(base)))
        .as("first byte of the GGUF that differs")
        .isEqualTo(-1);
    assertSameLogits(checkpoint, base);
  }

  /** Kernels may add up in another order from one run to the next, so to rounding. */
  private static void assertSameLogits(Path checkpoint, Path base) {
    assertThat(farthest(logits(checkpoint), logits(base))).isLessThan(1e-4);
  }

  private static double farthest(float[] a, float[] b) {
    double most = a.length == b.length ? 0 : Double.POSITIVE_INFINITY;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  private static Path baseFile(Path base) {
    return BASE_FILES.computeIfAbsent(base, path -> gguf(path, bases));
  }

  private static Path gguf(Path checkpoint, Path out) {
    return make(checkpoint, "gguf:BF16", out);
  }

  private static Path make(Path checkpoint, String target, Path out) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).to(target).into(out).get(0);
    }
  }

  private static void assertRefused(Path checkpoint, String fact) {
    assertThatThrownBy(() -> make(checkpoint, "gguf:BF16", checkpoint.resolve("out")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(fact);
  }

  private static float[] logits(Path checkpoint) {
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.exact())) {
      return model.logits(TOKENS, model.cache(TOKENS.length));
    }
  }

  private static List<String> notices(Path checkpoint) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Family.model(source).notices();
    }
  }
}
