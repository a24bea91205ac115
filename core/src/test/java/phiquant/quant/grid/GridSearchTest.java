package phiquant.quant.grid;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.quant.FloatType;
import phiquant.quant.grid.GridRule.Zero;

class GridSearchTest {
  /** Weights of all kinds, and rows of groups that are not as many as lanes. */
  @ParameterizedTest
  @EnumSource
  @Tag("width")
  void vectorGridsEqualScalarGrids(Zero zero) {
    for (FloatType type : FloatType.values()) {
      for (int bits : new int[] {2, 3, 4, 8}) {
        for (int size : new int[] {16, 32, 64, 128, 200}) {
          GridRule rule = new GridRule(zero, bits, type);
          int groups = 5;
          int count = 23;
          float[] x = weights(count * size, 100 * bits + size);
          float[] importance = importance(groups * size, size);
          Grids plain = Grids.spanning(rule, size, x);
          Grids scalar = plain.copy();
          Grids vector = plain.copy();
          new ScalarGridSearch(rule, size, importance)
              .improve(x, 0, count, 3, scalar.scales, scalar.offsets, 0);
          new VectorGridSearch(rule, size, importance)
              .improve(x, 0, count, 3, vector.scales, vector.offsets, 0);
          assertThat(vector.scales).as("%s, %d", rule, size).isEqualTo(scalar.scales);
          assertThat(vector.offsets).as("%s, %d", rule, size).isEqualTo(scalar.offsets);
        }
      }
    }
  }

  /** Not one group is rounded worse than on the grid to begin with. */
  @ParameterizedTest
  @EnumSource
  void noGroupGetsWorse(Zero zero) {
    int size = 32;
    for (int bits : new int[] {2, 4, 8}) {
      GridRule rule = new GridRule(zero, bits, FloatType.FLOAT16);
      float[] x = weights(1024 * size, bits);
      float[] importance = importance(16 * size, bits);
      Grids plain = Grids.spanning(rule, size, x).rounded(rule);
      Grids found = plain.copy();
      GridSearch.of(rule, size, importance).improve(x, 0, 1024, 0, found.scales, found.offsets, 0);
      for (int g = 0; g < 1024; g++) {
        double before = plain.error(rule, size, x, importance, g);
        // Sums of 32 terms in float arithmetic, and levels that are off by 2^-24 of themselves.
        assertThat(found.error(rule, size, x, importance, g))
            .isLessThanOrEqualTo(before * (1 + (32 + 2 * rule.top()) * 0x1p-23) + 1e-30);
      }
    }
  }

  /** Within some hundredths of the best of hundreds of scales and all places of zero. */
  @ParameterizedTest
  @CsvSource({"FIXED, 1.03", "CODE, 1.06", "FREE, 1.06"})
  void gridsAreAlmostTheBest(Zero zero, double most) {
    int size = 32;
    int groups = 64;
    GridRule rule = new GridRule(zero, 4, FloatType.FLOAT32);
    Random random = new Random(3);
    float[] x = new float[groups * size];
    float[] importance = new float[groups * size];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
      importance[i] = (float) Math.exp(random.nextGaussian());
    }
    Grids plain = Grids.spanning(rule, size, x);
    Grids found = plain.copy();
    GridSearch.of(rule, size, importance).improve(x, 0, groups, 0, found.scales, found.offsets, 0);
    double own = 0;
    double best = 0;
    double before = 0;
    for (int g = 0; g < groups; g++) {
      own += found.error(rule, size, x, importance, g);
      before += plain.error(rule, size, x, importance, g);
      best += best(plain, rule, size, x, importance, g);
    }
    assertThat(best).isLessThan(0.8 * before);
    assertThat(own).isLessThan(most * best);
  }

  private static double best(
      Grids plain, GridRule rule, int size, float[] x, float[] importance, int g) {
    double least = plain.error(rule, size, x, importance, g);
    Grids one = plain.copy();
    float scale = plain.scales[g];
    int places = rule.zero() == Zero.FIXED ? 0 : rule.zero() == Zero.CODE ? 3 : 16;
    for (int place = -places; place <= places; place++) {
      for (int step = 0; step < 300; step++) {
        one.scales[g] = scale * (0.4f + 0.002f * step) * (step % 2 == 0 ? 1 : -1);
        if (rule.zero() != Zero.FIXED && one.scales[g] * scale < 0) {
          continue;
        }
        one.offsets[g] =
            rule.zero() == Zero.FREE
                ? plain.offsets[g] + place * scale / 4
                : Math.clamp(plain.offsets[g] + place, 0, rule.top());
        least = Math.min(least, one.error(rule, size, x, importance, g));
      }
    }
    return least;
  }

  /** Nothing is known to be better than what is there. */
  @Test
  void groupsThatCountNothingStay() {
    GridRule rule = new GridRule(Zero.FIXED, 4, FloatType.FLOAT32);
    float[] x = {1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4};
    float[] scales = {0.5f};
    GridSearch.of(rule, 16, new float[16]).improve(x, 0, 1, 0, scales, new float[1], 0);
    assertThat(scales).containsExactly(0.5f);
  }

  /** Grids of groups. */
  private record Grids(float[] scales, float[] offsets) {
    /** From the smallest to the largest weight. */
    static Grids spanning(GridRule rule, int size, float[] x) {
      Grids grids = new Grids(new float[x.length / size], new float[x.length / size]);
      for (int g = 0; g < grids.scales.length; g++) {
        float min = rule.zero() == Zero.FREE ? x[g * size] : 0;
        float max = min;
        for (int i = g * size; i < (g + 1) * size; i++) {
          min = Math.min(min, x[i]);
          max = Math.max(max, x[i]);
        }
        float span = Math.max((max - min) / rule.top(), 1e-7f);
        grids.scales[g] =
            rule.zero() == Zero.FIXED ? -(max > -min ? max : min) / rule.half() : span;
        grids.offsets[g] =
            switch (rule.zero()) {
              case FIXED -> 0;
              case CODE -> Math.clamp(Math.round(-min / span), 0, rule.top());
              case FREE -> min;
            };
      }
      return grids;
    }

    Grids copy() {
      return new Grids(scales.clone(), offsets.clone());
    }

    Grids rounded(GridRule rule) {
      rule.type().round(scales, 0, scales.length, scales);
      if (rule.zero() == Zero.FREE) {
        rule.type().round(offsets, 0, offsets.length, offsets);
      }
      return this;
    }

    /** The weighted error of a group, each weight at the nearest level. */
    double error(GridRule rule, int size, float[] x, float[] importance, int g) {
      double low = 0;
      double high = rule.top();
      double origin = 0;
      switch (rule.zero()) {
        case FIXED -> {
          low = -rule.half();
          high = rule.half() - 1;
        }
        case CODE -> {
          low = -offsets[g];
          high = rule.top() - offsets[g];
        }
        case FREE -> origin = offsets[g];
      }
      double sum = 0;
      for (int i = g * size; i < (g + 1) * size; i++) {
        double level = scales[g] == 0 ? 0 : Math.rint((x[i] - origin) / scales[g]);
        double difference = Math.clamp(level, low, high) * scales[g] + origin - x[i];
        sum += importance[i % importance.length] * difference * difference;
      }
      return sum;
    }
  }

  /** Of a model's size, with groups of zeros, of one value, of one sign, far from zero. */
  private static float[] weights(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      float g = (float) random.nextGaussian() * 0.02f;
      x[i] =
          switch (i / 64 % 12) {
            case 3 -> 0;
            case 5 -> 0.5f;
            case 7 -> Math.abs(g);
            case 8 -> -1 - g;
            case 9 -> random.nextInt(20) == 0 ? 30 * g : g;
            case 10 -> g * 1e-30f;
            default -> g;
          };
    }
    return x;
  }

  private static float[] importance(int count, long seed) {
    Random random = new Random(seed);
    float[] columns = new float[count];
    for (int i = 0; i < count; i++) {
      columns[i] = random.nextInt(9) == 0 ? 0 : (float) Math.exp(2 * random.nextGaussian());
    }
    return columns;
  }
}
