package phiquant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;
import phiquant.fixtures.Golden;
import phiquant.model.phi.Phi3;

/**
 * What a config.json says is what transformers makes of it: every fact of every variant in {@code
 * src/test/reference/config_facts.py}, for transformers 4.57 and 5. Where the two disagree, and
 * where neither is followed, is stated here as in docs/configuration.md.
 */
class ConfigFactsTest {
  private static final JsonNode FOUR = Golden.json("config-facts-4").path("variants");
  private static final JsonNode FIVE = Golden.json("config-facts-5").path("variants");

  /** Transformers 5 takes 4096 there, whatever the file says, and 4.57 does not load it. */
  private static final Set<String> THE_FILE_IS_FOLLOWED =
      Set.of(
          "original context inside rope_scaling",
          "original context inside rope_scaling, rope_type",
          "original context inside rope_parameters");

  /** The versions call it longrope; the code that came with the models had another formula. */
  private static final Set<String> REFUSED_HERE = Set.of("yarn");

  /** Transformers 5 looks for a key before it has put it there, and does not load these. */
  private static final Set<String> FOUR_IS_FOLLOWED = Set.of("su");

  static List<String> variants() {
    List<String> names = new ArrayList<>();
    FIVE.fieldNames().forEachRemaining(names::add);
    return names;
  }

  static Stream<String> asInFive() {
    return variants().stream()
        .filter(name -> !THE_FILE_IS_FOLLOWED.contains(name))
        .filter(name -> !REFUSED_HERE.contains(name))
        .filter(name -> !FOUR_IS_FOLLOWED.contains(name));
  }

  @ParameterizedTest
  @MethodSource("asInFive")
  void everyFactIsTransformers5s(String name) {
    compare(name, FIVE.path(name).path("facts"));
  }

  @Test
  void whatOnlyTransformers4LoadsIsReadAsItDoes() {
    for (String name : FOUR_IS_FOLLOWED) {
      assertThat(FIVE.path(name).path("facts").has("refused")).isTrue();
      compare(name, FOUR.path(name).path("facts"));
    }
  }

  /** Those that 4.57 knows nothing of: rope_parameters came with 5. */
  @Test
  void transformers4DisagreesOnlyWhereItDoesNotKnowTheKey() {
    List<String> different = new ArrayList<>();
    for (String name : variants()) {
      JsonNode four = FOUR.path(name).path("facts");
      JsonNode five = FIVE.path(name).path("facts");
      if (!four.has("refused") && !five.has("refused") && !four.equals(five)) {
        different.add(name);
        assertThat(FIVE.path(name).path("config").has("rope_parameters")).as(name).isTrue();
      }
    }
    assertThat(different)
        .contains("rope_theta in rope_parameters", "partial_rotary_factor in rope_parameters");
  }

  @Test
  void anOriginalContextInsideCountsThoughTransformers5OverwritesIt() {
    for (String name : THE_FILE_IS_FOLLOWED) {
      assertThat(FIVE.path(name).at("/facts/originalContextLength").asInt()).isEqualTo(4096);
      // As the same file has it with the number outside.
      PhiConfig outside = read("original context outside");
      assertThat(read(name)).as(name).isEqualTo(outside);
      assertThat(outside.originalContextLength()).isEqualTo(256);
    }
  }

  @Test
  void yarnIsRefusedByName() {
    assertThatThrownBy(() -> read("yarn"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("'yarn'");
  }

  @Test
  void noKeyThatTransformersWritesIsUnknown() {
    for (String golden : List.of("config-facts-4", "config-facts-5")) {
      ObjectNode config = JsonNodeFactory.instance.objectNode();
      for (JsonNode key : Golden.json(golden).path("known")) {
        config.putNull(key.asText());
      }
      config.put("model_type", "phi3");
      assertThat(new Phi3().keys().notices(ConfigForm.of(config), "config.json")).isEmpty();
    }
  }

  private static void compare(String name, JsonNode facts) {
    if (facts.has("refused")) {
      assertThatThrownBy(() -> read(name)).as(name).isInstanceOf(UserError.class);
      return;
    }
    PhiConfig config = read(name);
    assertThat(config.vocabulary()).isEqualTo(facts.path("vocabulary").asInt());
    assertThat(config.hidden()).isEqualTo(facts.path("hidden").asInt());
    assertThat(config.feedForward()).isEqualTo(facts.path("feedForward").asInt());
    assertThat(config.layers()).isEqualTo(facts.path("layers").asInt());
    assertThat(config.heads()).isEqualTo(facts.path("heads").asInt());
    assertThat(config.kvHeads()).isEqualTo(facts.path("kvHeads").asInt());
    assertThat(config.headSize()).isEqualTo(facts.path("headSize").asInt());
    assertThat(config.rotarySize()).isEqualTo(facts.path("rotarySize").asInt());
    assertThat(config.epsilon()).isEqualTo(facts.path("rmsEpsilon").asDouble());
    assertThat(config.ropeTheta()).isEqualTo(facts.path("ropeTheta").asDouble());
    assertThat(config.contextLength()).isEqualTo(facts.path("contextLength").asInt());
    assertThat(config.slidingWindow().orElse(0)).isEqualTo(facts.path("slidingWindow").asInt());
    assertThat(config.tiedHead()).isEqualTo(facts.path("tiedHead").asBoolean());
    if (facts.has("originalContextLength")) {
      assertThat(config.originalContextLength())
          .isEqualTo(facts.path("originalContextLength").asInt());
    }
    assertThat(config.longRope().isPresent()).isEqualTo(facts.has("attentionFactor"));
    config.longRope().ifPresent(rope -> compare(config, rope, facts));
  }

  private static void compare(PhiConfig config, PhiConfig.LongRope rope, JsonNode facts) {
    assertThat(rope.attentionFactor())
        .isCloseTo(facts.path("attentionFactor").asDouble(), within(1e-15));
    frequencies(config, rope.shortFactors(), facts.path("frequencies"));
    frequencies(config, rope.longFactors(), facts.path("frequenciesBeyond"));
  }

  private static void frequencies(PhiConfig config, List<Double> factors, JsonNode facts) {
    assertThat(facts).hasSize(factors.size());
    for (int i = 0; i < factors.size(); i++) {
      double power = Math.pow(config.ropeTheta(), 2.0 * i / config.rotarySize());
      double expected = facts.path(i).asDouble();
      assertThat(1 / (factors.get(i) * power)).isCloseTo(expected, within(1e-6 * expected));
    }
  }

  private static PhiConfig read(String name) {
    ObjectNode config = (ObjectNode) FIVE.path(name).path("config");
    return PhiConfig.of(ConfigForm.of(config), "config.json", new Phi3().keys());
  }
}
