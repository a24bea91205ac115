package phiquant.advise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;

/** Advice against what quantizing really makes, and the table against the formula of bandwidth. */
class AdvisorTest {
  private static final Pattern MEMORY = Pattern.compile(".+-(\\d+), (\\d+) bit");

  @TempDir Path folder;

  /** Bytes per second = transfers per second × bits / 8. */
  @ParameterizedTest
  @MethodSource("phiquant.advise.Devices#all")
  void bandwidthFollowsFromTheMemory(Device device) {
    Matcher memory = MEMORY.matcher(device.memory());
    assertThat(memory.matches()).as(device.memory()).isTrue();
    double peak = Double.parseDouble(memory.group(1)) * Integer.parseInt(memory.group(2)) / 8000;
    assertThat(device.bandwidth()).isCloseTo(peak, within(0.006 * peak));
    assertThat(device.share()).isBetween(0.3, 0.95);
    assertThat(device.source()).isNotBlank();
    assertThat(Devices.named(device.id())).isEqualTo(device);
    assertThat(Devices.engines()).containsKeys(device.engines().toArray(String[]::new));
  }

  /** One device for each list of engines: all targets of the table exist and can be planned. */
  static Stream<Device> engines() {
    Map<List<String>, Device> one = new LinkedHashMap<>();
    Devices.all().forEach(device -> one.putIfAbsent(device.engines(), device));
    return one.values().stream();
  }

  /** There is something for a small model. */
  @ParameterizedTest
  @MethodSource("engines")
  void smallModelsFitEverywhere(Device device) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Advice advice = Advisor.advise(Family.model(checkpoint), "tiny", device, 256);
      assertThat(advice.best().fits()).isTrue();
      assertThat(advice.command()).contains("--to " + advice.best().target());
      if (device.frugal()) {
        assertThat(advice.best().precision()).isEqualTo("int4");
      }
    }
  }

  /** A folder without the part that sees would be another model. */
  @Test
  void ofAModelThatSeesNothingIsAdvisedThatIsNotWritten() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-3.5-vision"))) {
      PhiModel model = Family.model(checkpoint);
      Advice advice = Advisor.advise(model, "tiny", Devices.named("iphone-16"), 256);
      assertThat(advice.choices())
          .isNotEmpty()
          .noneMatch(c -> c.target().startsWith("safetensors"));
      assertThatThrownBy(Quantize.of(checkpoint).to("safetensors:bf16")::outline)
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("safetensors:bf16: a Phi3VForCausalLM is not written");
    }
  }

  /** Nobody but llama.cpp takes its tower from us, in a file of its own. */
  @Test
  void ofAModelWhoseTowerIsPassedOnOnlyGgufIsWritten() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-4-vision"))) {
      for (String target : List.of("mlx:4bit", "onnx:int4", "openvino:int4", "safetensors:bf16")) {
        assertThatThrownBy(Quantize.of(checkpoint).to(target)::outline)
            .isInstanceOf(UserError.class)
            .hasMessageStartingWith(target + ": a Phi4ForCausalLMV is not written");
      }
      assertThat(Quantize.of(checkpoint).to("gguf:Q4_K_M").outline().getFirst().notes())
          .anyMatch(note -> note.contains("--mmproj"));
    }
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      assertThatThrownBy(Quantize.of(checkpoint).to("gguf:mmproj")::outline)
          .isInstanceOf(UserError.class)
          .hasMessageContaining("llama.cpp has no tower for a Phi3ForCausalLM");
    }
  }

  @Test
  void theArtifactIsAsLargeAsAdvised() throws Exception {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4())) {
      Advice advice =
          Advisor.advise(
              Family.model(checkpoint), "tiny-phi-4", Devices.named("raspberry-pi-5"), 64);
      Path made = Quantize.of(checkpoint).to(advice.best().target()).into(folder).get(0);
      assertThat(Files.size(made)).isEqualTo(advice.best().artifactBytes());
      assertThat(made.getFileName()).hasToString(advice.best().artifact());
    }
  }

  /** Keys and values: layers × key-value heads × head size × two bytes × tokens, twice. */
  @Test
  void theCacheGrowsWithTheContext() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      PhiModel model = Family.model(checkpoint);
      Device device = Devices.named("raspberry-pi-5");
      assertThat(Advisor.advise(model, "smol", device, 1000).best().cacheBytes())
          .isEqualTo(2L * 30 * 4 * 64 * 2 * 1000);
    }
  }

  /** With just enough memory for each precision that one is chosen, but for needless 32 bits. */
  @Test
  void memoryDecidesThePrecision() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      PhiModel model = Family.model(checkpoint);
      Device card = Devices.named("mac-64gb");
      for (Choice choice : Advisor.advise(model, "tiny", card, 256).choices()) {
        if (choice.engine().equals(card.engines().get(0)) && !choice.precision().equals("fp32")) {
          double gb = (choice.bytes() + 10) / card.share() / 1e9;
          Advice advice = Advisor.advise(model, "tiny", card.withMemory(gb), 256);
          assertThat(advice.best()).isEqualTo(choice);
        }
      }
      assertThat(Advisor.advise(model, "tiny", card, 256).best().precision()).isEqualTo("fp16");
    }
  }

  /** Key-value heads take 30 720 bytes a token; what is left of the memory is theirs. */
  @Test
  void whereNothingFitsAShorterContextMay() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      PhiModel model = Family.model(checkpoint);
      Device board = Devices.named("raspberry-pi-zero-2w");
      Advice advice = Advisor.advise(model, "smol", board, 8192);
      assertThat(advice.best().fits()).isFalse();
      Choice best = advice.best();
      long left = board.usable() - best.artifactBytes() - best.workBytes();
      assertThat(advice.why().get(0))
          .contains("Nothing fits")
          .contains("A context of " + left / 30720 / 256 * 256 + " tokens would fit");
    }
  }

  @Test
  void mlxGetsTheFactorsOfTheContext() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      PhiModel model = Family.model(checkpoint);
      Device mac = Devices.named("mac-16gb");
      assertThat(Advisor.advise(model, "tiny", mac, 256).best().target()).contains("rope=short");
      assertThat(Advisor.advise(model, "tiny", mac, 257).best().target())
          .doesNotContain("rope=short");
    }
  }

  @Test
  void contextsOverTheLimitAreRefused() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiWide())) {
      PhiModel model = Family.model(checkpoint);
      int limit = model.config().contextLength();
      Device device = Devices.named("raspberry-pi-5");
      assertThatThrownBy(() -> Advisor.advise(model, "smol", device, limit + 1))
          .isInstanceOf(UserError.class)
          .hasMessageContaining(Integer.toString(limit));
    }
  }

  @Test
  void unknownDevicesAreNamedWithTheirNeighbours() {
    assertThatThrownBy(() -> Devices.named("iphone"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("iphone-16");
    assertThat(Devices.named("zero").id()).isEqualTo("raspberry-pi-zero-2w");
  }
}
