package phiquant.quant.ggml.codebook;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The points that four or eight weights may take together in IQ1 to IQ3: few of all combinations of
 * levels, so that the number of one takes less room than its levels. The points are a fact of the
 * format, ascending, in {@code codebooks.txt}: two bits for each of eight levels, three for each of
 * four, the first lowest. Source: {@code kgrid_*} of ggml-quants.c, where {@code iq*_grid} of
 * ggml-common.h lists the same points with their values.
 */
public enum Codebook {
  IQ1(8, 2048, 3, new int[] {-1, 0, 1}),
  IQ2_XXS(8, 256, 2, new int[] {8, 25, 43}),
  IQ2_XS(8, 512, 2, new int[] {8, 25, 43}),
  IQ2_S(8, 1024, 1, new int[] {8, 25, 43}),
  IQ3_XXS(4, 256, 2, new int[] {4, 12, 20, 28, 36, 44, 52, 62}),
  IQ3_S(4, 512, 3, new int[] {1, 3, 5, 7, 9, 11, 13, 15});

  private final int dimension;
  private final int rings;
  private final int levels;
  private final byte[] points;
  private final byte[] values;

  /**
   * A codebook.
   *
   * @param dimension weights of a point
   * @param size points
   * @param rings how many different distances {@link Neighbours} reach
   * @param values of the levels, times the scale
   */
  Codebook(int dimension, int size, int rings, int[] values) {
    this.dimension = dimension;
    this.rings = rings;
    this.levels = values.length;
    this.points = new byte[dimension * size];
    this.values = new byte[dimension * size];
    String[] codes = Lines.ALL.get(name()).split(" ");
    int bits = dimension == 8 ? 2 : 3;
    for (int p = 0; p < size; p++) {
      int code = Integer.parseInt(codes[p], 16);
      for (int i = 0; i < dimension; i++) {
        int level = code >> bits * i & (1 << bits) - 1;
        points[dimension * p + i] = (byte) level;
        this.values[dimension * p + i] = (byte) values[level];
      }
    }
  }

  /** Weights of a point. */
  public int dimension() {
    return dimension;
  }

  /** Levels that a weight may have. */
  public int levels() {
    return levels;
  }

  /** Points. */
  public int size() {
    return points.length / dimension;
  }

  int rings() {
    return rings;
  }

  /** The level of a point's weight. */
  public int level(int point, int i) {
    return points[dimension * point + i];
  }

  /** All levels, a point's after the one's before. */
  byte[] points() {
    return points;
  }

  /** What stands for the levels in decoding, laid out in the same way. */
  public byte[] decoded() {
    return values;
  }

  private static final class Lines {
    static final Map<String, String> ALL = read();

    private static Map<String, String> read() {
      Map<String, String> lines = new HashMap<>();
      try (BufferedReader in =
          new BufferedReader(
              new InputStreamReader(
                  Codebook.class.getResourceAsStream("codebooks.txt"), StandardCharsets.UTF_8))) {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          String[] parts = line.split(" ", 2);
          lines.put(parts[0], parts[1]);
        }
        return lines;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
