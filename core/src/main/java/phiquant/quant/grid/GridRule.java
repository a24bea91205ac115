package phiquant.quant.grid;

import java.util.ArrayList;
import java.util.List;
import phiquant.quant.FloatType;

/**
 * Which grids a format has: {@code w ≈ scale · level + offset}, where levels are integers of some
 * bits.
 *
 * @param zero what the offset may be
 * @param bits of a level
 * @param type that scales, and free offsets, are stored in
 */
public record GridRule(Zero zero, int bits, FloatType type) {
  /** Rounds of least squares after the best of the candidates is known. */
  static final int REFINEMENTS = 2;

  /** Shares of what the weights span that a grid leaves out at an end. */
  private static final float[] CUTS = {0, 0.06f, 0.13f, 0.22f, 0.33f};

  /** Where zero lies on a grid. */
  public enum Zero {
    /**
     * Levels from {@code -2^(bits - 1)} to {@code 2^(bits - 1) - 1}, no offset; scales may be
     * negative.
     */
    FIXED,
    /** A code from 0 to {@code 2^bits - 1} stands for zero; levels are counted from it. */
    CODE,
    /** Levels from 0 to {@code 2^bits - 1}, and any number as offset. */
    FREE
  }

  /**
   * A grid to try before scales are fitted.
   *
   * @param levels between the ends of what the weights span, negative to turn the grid round
   * @param below how many of them lie below the lowest level
   */
  record Reach(float levels, float below) {}

  /**
   * The lowest level of a grid, which the code 0 stands for.
   *
   * @param offset as {@link GridSearch} gives it
   */
  public float lowest(float offset) {
    return switch (zero) {
      case FIXED -> -half();
      case CODE -> -offset;
      case FREE -> 0;
    };
  }

  /** What the level 0 stands for. */
  public float origin(float offset) {
    return zero == Zero.FREE ? offset : 0;
  }

  /** The highest level of codes. */
  public float top() {
    return (1 << bits) - 1;
  }

  /** Half of the levels. */
  float half() {
    return 1 << bits - 1;
  }

  /**
   * Grids that reach less far and farther than the weights do: those at the ends may count little.
   * In a fixed grid the largest weight is put to the end that has one level more, and to the other.
   */
  List<Reach> reaches() {
    List<Reach> reaches = new ArrayList<>();
    if (zero == Zero.FIXED) {
      float stretch = 0.94f;
      for (int i = 0; i < 7; i++, stretch *= 1.14f) {
        reaches.add(new Reach(-half() * stretch, 0));
        reaches.add(new Reach((half() - 0.5f) * stretch, 0));
      }
      return reaches;
    }
    for (float low : CUTS) {
      for (float high : CUTS) {
        float levels = top() / (1 - low - high);
        reaches.add(new Reach(levels, low * levels));
      }
    }
    return reaches;
  }
}
