package phiquant.quant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** One weight that is not finite is found wherever it stands. */
@Tag("width")
class FiniteTest {
  @Test
  void everyPlaceIsChecked() {
    for (int count : new int[] {1, 7, 101, 8192, 8229}) {
      float[] x = new float[count];
      java.util.Arrays.fill(x, -Float.MAX_VALUE);
      assertThat(Finite.all(x, count)).isTrue();
      for (int i = 0; i < count; i += 1 + count / 250) {
        for (float bad :
            new float[] {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
          x[i] = bad;
          assertThat(Finite.all(x, count)).isFalse();
        }
        x[i] = 0;
      }
    }
  }
}
