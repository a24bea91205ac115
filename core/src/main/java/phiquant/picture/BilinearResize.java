package phiquant.picture;

import static phiquant.picture.Picture.COLORS;

import java.util.stream.IntStream;

/**
 * Resizes as Pillow does with its bilinear filter, to the bit: a triangle that widens where the
 * picture gets smaller, weights of 22 bits, columns first and rounded to bytes, then rows. No
 * scaler of the JDK computes this. Source: Pillow's Resample.c.
 */
final class BilinearResize {
  private static final int BITS = 22;
  private static final int HALF = 1 << (BITS - 1);

  private BilinearResize() {}

  /** What each output takes: so many inputs from the first, with their weights. */
  private record Taps(int[] first, int[][] weights) {
    static Taps of(int from, int to) {
      double scale = (double) from / to;
      double spread = Math.max(scale, 1);
      double narrowing = 1 / spread;
      int[] first = new int[to];
      int[][] weights = new int[to][];
      for (int i = 0; i < to; i++) {
        double centre = (i + 0.5) * scale;
        first[i] = Math.max((int) (centre - spread + 0.5), 0);
        int count = Math.min((int) (centre + spread + 0.5), from) - first[i];
        double[] exact = new double[count];
        double sum = 0;
        for (int k = 0; k < count; k++) {
          exact[k] = Math.max(1 - Math.abs((k + first[i] - centre + 0.5) * narrowing), 0);
          sum += exact[k];
        }
        weights[i] = new int[count];
        for (int k = 0; k < count; k++) {
          weights[i][k] = (int) (0.5 + exact[k] / sum * (1 << BITS));
        }
      }
      return new Taps(first, weights);
    }
  }

  /** A direction whose size stays is left alone. */
  static Picture of(Picture picture, int width, int height) {
    Picture across = picture.width() == width ? picture : columns(picture, width);
    return across.height() == height ? across : rows(across, height);
  }

  private static Picture columns(Picture in, int width) {
    Taps taps = Taps.of(in.width(), width);
    byte[] out = new byte[Math.multiplyExact(COLORS * width, in.height())];
    IntStream.range(0, in.height())
        .parallel()
        .forEach(y -> row(taps, in.rgb(), COLORS * y * in.width(), out, COLORS * y * width));
    return new Picture(width, in.height(), out);
  }

  private static void row(Taps taps, byte[] in, int begin, byte[] out, int to) {
    for (int x = 0; x < taps.first.length; x++, to += COLORS) {
      int at = begin + COLORS * taps.first[x];
      int red = HALF;
      int green = HALF;
      int blue = HALF;
      for (int weight : taps.weights[x]) {
        red += (in[at] & 0xff) * weight;
        green += (in[at + 1] & 0xff) * weight;
        blue += (in[at + 2] & 0xff) * weight;
        at += COLORS;
      }
      out[to] = rounded(red);
      out[to + 1] = rounded(green);
      out[to + 2] = rounded(blue);
    }
  }

  private static Picture rows(Picture in, int height) {
    Taps taps = Taps.of(in.height(), height);
    int bytes = COLORS * in.width();
    byte[] out = new byte[Math.multiplyExact(bytes, height)];
    IntStream.range(0, height)
        .parallel()
        .forEach(
            y -> {
              int[] sums = new int[bytes];
              int at = bytes * taps.first[y];
              for (int weight : taps.weights[y]) {
                add(in.rgb(), at, weight, sums);
                at += bytes;
              }
              for (int i = 0; i < bytes; i++) {
                out[bytes * y + i] = rounded(sums[i] + HALF);
              }
            });
    return new Picture(in.width(), height, out);
  }

  private static void add(byte[] in, int at, int weight, int[] sums) {
    for (int i = 0; i < sums.length; i++) {
      sums[i] += (in[at + i] & 0xff) * weight;
    }
  }

  /** The weights of an output add up to 1 within their rounding, which may pass a byte's end. */
  private static byte rounded(int sum) {
    return (byte) Math.min(sum >> BITS, 255);
  }
}
