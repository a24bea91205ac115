package phiquant.run.matrix;

import phiquant.quant.VectorSupport;

/**
 * The features of many tokens, {@code [panel][feature][token of the panel]}: a panel is as many
 * tokens as two vectors have lanes, so that each lane computes one token from one end of the model
 * to the other, and no sum ever crosses lanes. The last panel is filled up with zeros.
 */
public final class Panels {
  /** Tokens of a panel. */
  public static final int WIDTH = VectorSupport.available() ? Vectors.two() : 16;

  /** Features that are turned together: a line of the cache. */
  private static final int BLOCK = 16;

  private final int features;
  private final int tokens;
  private final float[][] data;
  private TokenCodes codes;

  public Panels(int features, int tokens) {
    this.features = features;
    this.tokens = tokens;
    this.data = new float[Math.ceilDiv(tokens, WIDTH)][Math.multiplyExact(features, WIDTH)];
  }

  private Panels(int features, int tokens, float[][] data) {
    this.features = features;
    this.tokens = tokens;
    this.data = data;
  }

  /** The panels {@code [from, to)} of these, sharing their memory. */
  public Panels slice(int from, int to) {
    int count = Math.min(tokens - from * WIDTH, (to - from) * WIDTH);
    return new Panels(features, count, java.util.Arrays.copyOfRange(data, from, to));
  }

  public int features() {
    return features;
  }

  public int tokens() {
    return tokens;
  }

  /** Number of panels. */
  public int count() {
    return data.length;
  }

  /** One panel: {@code [features, WIDTH]}. */
  public float[] panel(int p) {
    return data[p];
  }

  /** The features as integers, for products in integers; made when they are first needed. */
  public TokenCodes codes() {
    if (codes == null) {
      codes = new TokenCodes(features, count());
    }
    return codes;
  }

  /** Writes the features of one token. */
  public void put(int token, float[] from, int at) {
    float[] panel = data[token / WIDTH];
    for (int k = 0, i = token % WIDTH; k < features; k++, i += WIDTH) {
      panel[i] = from[at + k];
    }
  }

  /** Reads the features of one token. */
  public void get(int token, float[] out, int at) {
    float[] panel = data[token / WIDTH];
    for (int k = 0, i = token % WIDTH; k < features; k++, i += WIDTH) {
      out[at + k] = panel[i];
    }
  }

  /**
   * Writes the features of a panel's tokens as rows.
   *
   * @param rows of all panels, {@code [tokens, features]}
   */
  public void toRows(int p, float[] rows) {
    float[] panel = data[p];
    int first = p * WIDTH;
    int count = Math.min(WIDTH, tokens - first);
    // Some features of all tokens at a time: what is read and written stays in the first cache.
    for (int from = 0; from < features; from += BLOCK) {
      int to = Math.min(features, from + BLOCK);
      for (int t = 0; t < count; t++) {
        int row = (first + t) * features;
        for (int k = from; k < to; k++) {
          rows[row + k] = panel[k * WIDTH + t];
        }
      }
    }
  }

  /** Reads the features of a panel's tokens from rows, {@code [tokens, features]} of all panels. */
  public void fromRows(int p, float[] rows) {
    float[] panel = data[p];
    int first = p * WIDTH;
    int count = Math.min(WIDTH, tokens - first);
    for (int from = 0; from < features; from += BLOCK) {
      int to = Math.min(features, from + BLOCK);
      for (int t = 0; t < count; t++) {
        int row = (first + t) * features;
        for (int k = from; k < to; k++) {
          panel[k * WIDTH + t] = rows[row + k];
        }
      }
    }
  }

  /** Adds the same features to each token of a panel. */
  public void addToEach(int p, float[] bias) {
    float[] panel = data[p];
    for (int k = 0, i = 0; k < features; k++) {
      for (int t = 0; t < WIDTH; t++, i++) {
        panel[i] += bias[k];
      }
    }
  }

  /** Apart, because loading it needs the vector module. */
  private static final class Vectors {
    static int two() {
      return 2 * jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.length();
    }
  }
}
