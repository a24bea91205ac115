package phiquant.run;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import phiquant.checkpoint.StoredTensor;

/**
 * What goes into a model in place of rows of its table: the features of pictures' tokens. Such a
 * token is a number below 0, and no two pictures share one, so that a cache tells them apart as it
 * does words. For one thread at a time.
 */
final class PictureRows {
  private final TreeMap<Integer, float[][]> pictures = new TreeMap<>();

  /** The token of a place. */
  static int token(int place) {
    return -1 - place;
  }

  /** The place of a token. */
  static int place(int token) {
    return -1 - token;
  }

  /**
   * Keeps a picture.
   *
   * @param first its first token's place
   * @param rows the features of each of its tokens
   */
  void put(int first, float[][] rows) {
    pictures.put(first, rows);
  }

  /** Whether there is a picture that begins there. */
  boolean has(int first) {
    return pictures.containsKey(first);
  }

  /** Forgets all pictures but those that begin there. */
  void retain(Set<Integer> firsts) {
    pictures.keySet().retainAll(firsts);
  }

  /** The features of a token, if its picture is kept. */
  boolean knows(int token) {
    Map.Entry<Integer, float[][]> picture = pictures.floorEntry(place(token));
    return picture != null && place(token) - picture.getKey() < picture.getValue().length;
  }

  /** Writes what goes in for a token: a row of the table, or of a picture. */
  void read(int token, StoredTensor table, float[] out) {
    if (token < 0) {
      read(token, out);
    } else {
      table.read(token, 1, out, 0);
    }
  }

  /** Writes the features of a picture's token. */
  void read(int token, float[] out) {
    Map.Entry<Integer, float[][]> picture = pictures.floorEntry(place(token));
    float[] row = picture.getValue()[place(token) - picture.getKey()];
    System.arraycopy(row, 0, out, 0, row.length);
  }
}
