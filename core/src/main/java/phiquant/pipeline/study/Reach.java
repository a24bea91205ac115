package phiquant.pipeline.study;

import phiquant.study.ActivationRange;

/** How far numbers reach, and how strong they are, of those seen so far. */
final class Reach {
  private float min;
  private float max;
  private double squares;
  private long count;

  void add(float[] numbers, int length) {
    add(numbers, 0, length);
  }

  void add(float[] numbers, int from, int length) {
    for (int i = from; i < from + length; i++) {
      min = Math.min(min, numbers[i]);
      max = Math.max(max, numbers[i]);
      squares += (double) numbers[i] * numbers[i];
    }
    count += length;
  }

  ActivationRange range() {
    return new ActivationRange(min, max, squares / Math.max(1, count));
  }
}
