package phiquant.engine.onnx.writer.attention;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.model.PhiConfig;
import phiquant.model.phi.Family;

/** Rotary tables against PyTorch's, one frequency (a column) at a time. */
class RotaryCacheTest {
  /**
   * All bits but those of columns of two kinds. Phi-4's first three reach angles over 10000. With a
   * base of 10000 and 96 rotated dimensions, PyTorch's vectorized power rounds the 21st frequency,
   * 1.9 % of a last bit beside the middle of two floats, to the farther one; ours is the nearer.
   */
  @Test
  void bitsEqualPyTorchsInAllColumnsButTheKnown() {
    for (JsonNode table : Golden.json("rotary-tables").path("tables")) {
      String factors = table.path("factors").asText();
      assertThat(differing(table))
          .as("%s %s", table.path("model"), factors)
          .isEqualTo(
              switch (factors) {
                case "large" -> List.of(20);
                case "small" -> List.of();
                default -> List.of(0, 1, 2);
              });
    }
  }

  private static List<Integer> differing(JsonNode table) {
    RotaryCache ours = cache(table);
    int positions = (int) ours.positions();
    int width = ours.inverse().length;
    float[] all = new float[positions * width];
    ours.read(0, positions, all, 0);
    JsonNode theirs = table.path("columns");
    assertThat(theirs).hasSize(width);
    List<Integer> differing = new ArrayList<>();
    for (int column = 0; column < width; column++) {
      ByteBuffer bytes =
          ByteBuffer.allocate(positions * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int position = 0; position < positions; position++) {
        bytes.putFloat(all[position * width + column]);
      }
      if (!Golden.sha256(bytes.array()).startsWith(theirs.path(column).asText())) {
        differing.add(column);
      }
    }
    return differing;
  }

  private static RotaryCache cache(JsonNode table) {
    try (Checkpoint source = Checkpoints.open(Fixtures.tiny(table.path("model").asText()))) {
      PhiConfig config = Family.model(source).config();
      List<Double> factors =
          switch (table.path("factors").asText()) {
            case "large" -> config.longRope().orElseThrow().longFactors();
            case "small" -> config.longRope().orElseThrow().shortFactors();
            default -> List.of();
          };
      boolean cosine = table.path("function").asText().equals("cos");
      return RotaryCache.of("table", cosine, table.path("positions").asLong(), config, factors);
    }
  }
}
