package phiquant.quant;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many numbers at once are what each is by itself. */
@Tag("width")
class BFloat16Test {
  private static final int ALL = 1 << 16;

  @Test
  void everyBfloat16IsTheUpperHalfOfItsFloat() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stored = arena.allocate(2 * ALL + 2);
      for (int i = 0; i < ALL; i++) {
        stored.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 + 2L * i, (short) i);
      }
      for (int count : new int[] {1, 100, ALL - 3, ALL}) {
        float[] out = new float[ALL + 1];
        BFloat16.decode(stored, 2, out, 1, count);
        for (int i = 0; i < count; i++) {
          assertThat(Float.floatToRawIntBits(out[1 + i])).isEqualTo(i << 16);
        }
      }
    }
  }

  @Test
  void aFloatGoesToItsNearestNeighbourAndToTheEvenOneOfTwo() {
    float[] x = new float[ALL];
    for (int i = 0; i < ALL; i++) {
      // Below, at and above the half-way point after every bfloat16.
      x[i] = Float.intBitsToFloat((i << 16) + 0x7fff + i % 3);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(2 * ALL);
      BFloat16.encode(x, 0, ALL - 5, out, 0);
      for (int i = 0; i < ALL - 5; i++) {
        if (!Float.isNaN(x[i])) {
          int up = i % 3 == 2 || i % 3 == 1 && i % 2 == 1 ? 1 : 0;
          assertThat(out.get(ValueLayout.JAVA_SHORT, 2L * i)).isEqualTo((short) (i + up));
        }
      }
    }
  }
}
