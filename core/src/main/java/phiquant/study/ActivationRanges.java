package phiquant.study;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Collectors;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * How far the inputs of every matrix reach when the model reads a text. The finding is by the name
 * of the weight that the inputs are multiplied by.
 *
 * @param text that the model reads
 */
public record ActivationRanges(String text) implements Study<Map<String, ActivationRange>> {
  /** Numbers evenly spread: as finely rounded by 8 bits as any are. */
  private static final ActivationRange EVEN = new ActivationRange(-1, 1, 1.0 / 3);

  /**
   * Over the text that is used if there is no other: prose, questions, code, tables, some
   * languages; 5 kB, written for this.
   */
  public static ActivationRanges ofBuiltInText() {
    try (InputStream in =
        ActivationRanges.class.getResourceAsStream("/phiquant/calibration/text.txt")) {
      return new ActivationRanges(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Map<String, ActivationRange> assumed(PhiModel model) {
    return model.weights().stream()
        .filter(Weight::isMatrix)
        .collect(Collectors.toMap(Weight::name, unused -> EVEN));
  }
}
