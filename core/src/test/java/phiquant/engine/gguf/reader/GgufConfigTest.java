package phiquant.engine.gguf.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.quant.ggml.GgmlType;

/** What a GGUF file's metadata means: as to llama.cpp, and no key unread. */
class GgufConfigTest {
  /**
   * The table that llama.cpp had from August 2024 to May 2025 ({@code LLM_ARCH_PHI3} in its
   * llama.cpp), which are the windows in the config.json of the models' authors.
   */
  @ParameterizedTest
  @CsvSource({
    "32, 32,   4096,   2047", // Phi-3-mini-4k
    "40, 10,   4096,   2047", // Phi-3-medium-4k
    "32, 32, 131072, 262144", // Phi-3-mini-128k
    "40, 10, 131072, 131072", // Phi-3-medium-128k
  })
  void anOldPhi3FileHasTheWindowOfItsModel(long layers, long kvHeads, long context, int window) {
    GgufConfig.Found found =
        read(
            Map.of(
                "phi3.block_count", layers,
                "phi3.attention.head_count", 40L,
                "phi3.embedding_length", 5120L,
                "phi3.attention.head_count_kv", kvHeads,
                "phi3.context_length", context));
    assertThat(found.json().path("sliding_window").asInt()).isEqualTo(window);
    assertThat(found.notices().toString().contains("2047")).isEqualTo(window == 2047);
  }

  @Test
  void aPhi3FileThatIsNoneOfThemGetsAWord() {
    GgufConfig.Found found = read(Map.of());
    assertThat(found.json().path("sliding_window").isNull()).isTrue();
    assertThat(found.notices()).singleElement().asString().contains("sliding window");
  }

  @Test
  void aStatedWindowCounts() {
    GgufConfig.Found found =
        read(Map.of("phi3.block_count", 32L, "phi3.attention.sliding_window", 0L));
    assertThat(found.json().path("sliding_window").isNull()).isTrue();
    assertThat(found.notices()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, -1, 0, 1e20})
  void anImpossibleThetaOrEpsilonIsRefusedByKey(double value) {
    for (String key : List.of("phi3.rope.freq_base", "phi3.attention.layer_norm_rms_epsilon")) {
      assertThatThrownBy(() -> read(Map.of(key, value)))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("model.gguf")
          .hasMessageContaining("'" + key + "'");
    }
  }

  @Test
  void whatLlamaCppComputesOtherwiseIsRefusedByKey() {
    Map<String, Object> odd =
        Map.of(
            "phi3.rope.scaling.factor",
            4.0,
            "phi3.rope.scaling.type",
            "yarn",
            "phi3.rope.scaling.attn_factor",
            1.19,
            "phi3.attention.key_length",
            64L,
            "phi3.attention.causal",
            false,
            "phi3.expert_count",
            16L,
            "phi3.attention.head_count_kv",
            List.of(8L, 4L));
    odd.forEach(
        (key, value) ->
            assertThatThrownBy(() -> read(Map.of(key, value)))
                .as(key)
                .isInstanceOf(UserError.class)
                .hasMessageContaining("'" + key + "'"));
  }

  @Test
  void allUnknownKeysAreNamedInOneLine() {
    assertThat(
            read(Map.of("phi3.attention.sliding_window", 0L, "phi3.odd", 1L, "general.odd", 1L))
                .notices())
        .containsExactly(
            "model.gguf has keys that phiquant does not know and makes no use of: phi3.odd.");
  }

  /** 19 of 96 is a fraction that, times 96, is a little less than 19. */
  @Test
  void theRotatedPartIsNotCutByRounding() {
    for (long size = 2; size <= 96; size += 2) {
      double partial =
          read(Map.of("phi3.rope.dimension_count", size))
              .json()
              .path("partial_rotary_factor")
              .asDouble();
      assertThat((int) (96 * partial)).isEqualTo(size);
    }
  }

  /** Llama.cpp takes 1 where the key is absent (rope_attn_factor in llama-hparams.h). */
  @Test
  void anAttentionFactorIsKeptWhereTheContextsDoNotGiveIt() {
    assertThat(attention(Map.of())).isEqualTo(1.0);
    assertThat(attention(Map.of("phi3.rope.scaling.attn_factor", 1.5))).isEqualTo(1.5);
    // The square root of 1 + ln 8 / ln 256, as convert_hf_to_gguf writes it.
    double usual = (float) Math.sqrt(1 + Math.log(8) / Math.log(256));
    assertThat(attention(Map.of("phi3.rope.scaling.attn_factor", usual))).isNull();
  }

  private static Double attention(Map<String, Object> more) {
    Map<String, Object> metadata = new HashMap<>(more);
    metadata.put("phi3.context_length", 2048L);
    metadata.put("phi3.rope.scaling.original_context_length", 256L);
    MemorySegment ones = Arena.ofAuto().allocate(48 * 4, 4);
    for (int i = 0; i < 48; i++) {
      ones.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1);
    }
    GgufTensor factors = new GgufTensor("factors", GgmlType.F32, List.of(48L), ones);
    var scaling =
        read(
                metadata,
                Map.of("rope_factors_long.weight", factors, "rope_factors_short.weight", factors))
            .json()
            .path("rope_scaling");
    return scaling.has("attention_factor") ? scaling.path("attention_factor").asDouble() : null;
  }

  private static GgufConfig.Found read(Map<String, Object> more) {
    return read(more, Map.of());
  }

  private static GgufConfig.Found read(Map<String, Object> more, Map<String, GgufTensor> tensors) {
    Map<String, Object> metadata =
        new HashMap<>(
            Map.of(
                "general.architecture", "phi3",
                "phi3.embedding_length", 768L,
                "phi3.feed_forward_length", 2048L,
                "phi3.block_count", 2L,
                "phi3.attention.head_count", 8L,
                "phi3.attention.layer_norm_rms_epsilon", 1e-5,
                "phi3.context_length", 4096L,
                "phi3.vocab_size", 64L));
    metadata.putAll(more);
    return GgufConfig.of(
        new GgufFile(Path.of("model.gguf"), 3, metadata, tensors), GgufArchitecture.PHI3);
  }
}
