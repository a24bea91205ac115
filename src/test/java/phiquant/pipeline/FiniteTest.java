package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;

/** One weight that is not finite is found wherever it stands. */
@Tag("width")
class FiniteTest {
  private record Named(String name) implements StoredTensor {
    @Override
    public List<Long> shape() {
      return List.of(1L);
    }

    @Override
    public String format() {
      return "F32";
    }

    @Override
    public long storedBytes() {
      return 4;
    }

    @Override
    public void read(long first, int count, float[] out, int at) {}
  }

  @Test
  void everyPlaceIsChecked() {
    StoredTensor tensor = new Named("model.norm.weight");
    for (int count : new int[] {1, 7, 101, 8192, 8229}) {
      float[] x = new float[count];
      java.util.Arrays.fill(x, -Float.MAX_VALUE);
      assertThatCode(() -> Finite.check(x, count, tensor)).doesNotThrowAnyException();
      for (int i = 0; i < count; i += 1 + count / 250) {
        for (float bad :
            new float[] {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
          x[i] = bad;
          assertThatThrownBy(() -> Finite.check(x, count, tensor))
              .isInstanceOf(UserError.class)
              .hasMessageContaining("model.norm.weight");
        }
        x[i] = 0;
      }
    }
  }
}
