package phiquant.checkpoint.derived;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import phiquant.checkpoint.StoredTensor;

/** A permutation of dimensions is that of indices. */
class PermutedTest {
  private static final int[] SIZE = {5, 3, 4, 2};

  /** A tensor whose numbers are their places. */
  private record Counted(List<Long> shape) implements StoredTensor {
    @Override
    public String name() {
      return "counted";
    }

    @Override
    public String format() {
      return "F32";
    }

    @Override
    public long storedBytes() {
      return 4 * elements();
    }

    @Override
    public long position(long row) {
      return 4 * row * columns();
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      for (int i = 0; i < count * columns(); i++) {
        out[at + i] = first * columns() + i;
      }
    }
  }

  private static final Counted COUNTED =
      new Counted(IntStream.of(SIZE).asLongStream().boxed().toList());

  @Test
  void channelsBecomeTheLast() {
    Permuted last = Permuted.channelsLast(COUNTED);
    assertThat(last.shape()).containsExactly(5L, 4L, 2L, 3L);
    float[] values = new float[5 * 4 * 2 * 3];
    last.read(0, 5 * 4 * 2, values, 0);
    int at = 0;
    for (int o = 0; o < 5; o++) {
      for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 2; x++) {
          for (int c = 0; c < 3; c++) {
            assertThat(values[at++]).isEqualTo(((o * 3 + c) * 4 + y) * 2 + x);
          }
        }
      }
    }
  }

  /** Rows that begin and end within a block; where they lie is where their block does. */
  @Test
  void andTheFirstAgain() {
    Permuted again = Permuted.channelsFirst(Permuted.channelsLast(COUNTED));
    assertThat(again.shape()).isEqualTo(COUNTED.shape());
    float[] values = new float[1 + 2 * 31];
    again.read(7, 31, values, 1);
    for (int i = 0; i < 2 * 31; i++) {
      assertThat(values[1 + i]).isEqualTo(2 * 7 + i);
    }
    assertThat(again.position(7)).isZero();
    assertThat(again.position(12)).isEqualTo(4 * 24);
    assertThat(again.position(24)).isEqualTo(4 * 48);
  }
}
