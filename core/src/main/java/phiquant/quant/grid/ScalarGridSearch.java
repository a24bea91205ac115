package phiquant.quant.grid;

import phiquant.quant.grid.GridRule.Reach;
import phiquant.quant.grid.GridRule.Zero;

/** The search in the form that reads like the formula: one group after the other. */
record ScalarGridSearch(GridRule rule, int size, float[] importance) implements GridSearch {
  /** Adding and subtracting 1.5 · 2^23 rounds a float below 2^22 to the nearest even integer. */
  static final float ROUND = 12582912f;

  @Override
  public void improve(
      float[] x, int from, int count, int first, float[] scales, float[] offsets, int at) {
    int groups = importance.length / size;
    for (int g = 0; g < count; g++) {
      Group group = new Group(x, from + g * size, (first + g) % groups * size);
      scales[at + g] = rule.type().round(scales[at + g]);
      if (rule.zero() == Zero.FREE) {
        offsets[at + g] = rule.type().round(offsets[at + g]);
      }
      float before = group.error(scales[at + g], offsets[at + g]);
      group.search();
      float scale = rule.type().round(group.scale);
      float offset = rule.zero() == Zero.FREE ? rule.type().round(group.offset) : group.offset;
      if (group.error(scale, offset) < before) {
        scales[at + g] = scale;
        offsets[at + g] = offset;
      }
    }
  }

  /** The weights of one group, and the best grid so far. */
  private final class Group {
    private final float[] x;
    private final int from;
    private final int column;
    private float min;
    private float max;
    private float sumW;
    private float mean;
    private float gain;
    private float scale;
    private float offset;

    Group(float[] x, int from, int column) {
      this.x = x;
      this.from = from;
      this.column = column;
    }

    void search() {
      measure();
      for (Reach reach : rule.reaches()) {
        place(reach);
      }
      for (int i = 0; i < GridRule.REFINEMENTS; i++) {
        fit(1 / scale, offset);
      }
    }

    /** The span of the weights, which holds zero unless offsets are free; and their mean. */
    private void measure() {
      boolean free = rule.zero() == Zero.FREE;
      min = free ? x[from] : 0;
      max = min;
      for (int i = 0; i < size; i++) {
        float v = x[from + i];
        min = v < min ? v : min;
        max = v > max ? v : max;
      }
      sumW = 0;
      float sumX = 0;
      for (int run = 0; run < size; run += RUN) {
        float w = 0;
        float wx = 0;
        for (int i = run; i < Math.min(run + RUN, size); i++) {
          w += importance[column + i];
          wx += importance[column + i] * x[from + i];
        }
        sumW += w;
        sumX += wx;
      }
      mean = free ? sumX / sumW : 0;
    }

    private void place(Reach reach) {
      if (rule.zero() == Zero.FIXED) {
        float extreme = -min >= max ? min : max;
        fit(reach.levels() / extreme, 0);
        return;
      }
      float inverse = reach.levels() / (max - min);
      float start = -(min * inverse) - reach.below();
      if (rule.zero() == Zero.CODE) {
        float zero = start < 0 ? 0 : start;
        zero = zero > rule.top() ? rule.top() : zero;
        fit(inverse, zero + ROUND - ROUND);
      } else {
        fit(inverse, -(start / inverse));
      }
    }

    /** The grid that fits the levels of another one best, if it is the best so far. */
    private void fit(float inverse, float origin) {
      float shift = rule.zero() == Zero.FREE ? -(origin * inverse) : 0;
      float low = low(origin);
      float high = high(origin);
      float sumL = 0;
      float sumLl = 0;
      float sumXl = 0;
      for (int run = 0; run < size; run += RUN) {
        float l = 0;
        float ll = 0;
        float xl = 0;
        for (int i = run; i < Math.min(run + RUN, size); i++) {
          float level = level(x[from + i], inverse, shift, low, high);
          float weighted = importance[column + i] * level;
          l += weighted;
          ll += weighted * level;
          xl += weighted * (x[from + i] - mean);
        }
        sumL += l;
        sumLl += ll;
        sumXl += xl;
      }
      float middle = rule.zero() == Zero.FREE ? sumL / sumW : 0;
      float fitted = sumXl / (sumLl - sumL * middle);
      if (sumXl * fitted > gain) {
        gain = sumXl * fitted;
        scale = fitted;
        offset = rule.zero() == Zero.FREE ? mean - fitted * middle : origin;
      }
    }

    /** The weighted error of a grid. */
    float error(float step, float origin) {
      boolean free = rule.zero() == Zero.FREE;
      float inverse = 1 / step;
      float shift = free ? -(origin * inverse) : 0;
      float low = low(origin);
      float high = high(origin);
      float sum = 0;
      for (int run = 0; run < size; run += RUN) {
        float part = 0;
        for (int i = run; i < Math.min(run + RUN, size); i++) {
          float v = x[from + i];
          float near = step * level(v, inverse, shift, low, high);
          float difference = (free ? near + origin : near) - v;
          part += importance[column + i] * (difference * difference);
        }
        sum += part;
      }
      return sum;
    }

    private float low(float origin) {
      return switch (rule.zero()) {
        case FIXED -> -rule.half();
        case CODE -> -origin;
        case FREE -> 0;
      };
    }

    private float high(float origin) {
      return switch (rule.zero()) {
        case FIXED -> rule.half() - 1;
        case CODE -> rule.top() - origin;
        case FREE -> rule.top();
      };
    }
  }

  private static float level(float x, float inverse, float shift, float low, float high) {
    float level = x * inverse + shift;
    level = level < low ? low : level;
    level = level > high ? high : level;
    return level + ROUND - ROUND;
  }
}
