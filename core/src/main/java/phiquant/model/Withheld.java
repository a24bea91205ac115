package phiquant.model;

import java.util.Arrays;
import java.util.List;
import phiquant.checkpoint.StoredTensor;

/**
 * What is added to logits so that some tokens are never said: nothing to the others.
 *
 * @param count tokens of the vocabulary
 * @param tokens those that are never said
 */
public record Withheld(String name, int count, List<Integer> tokens) implements StoredTensor {
  /** As good as minus infinity to a softmax, and yet a number. */
  public static final float NEVER = -1e9f;

  @Override
  public List<Long> shape() {
    return List.of((long) count);
  }

  @Override
  public String format() {
    return "F32";
  }

  /** It is in no file. */
  @Override
  public long storedBytes() {
    return 0;
  }

  @Override
  public void read(long first, int rows, float[] out, int at) {
    if (rows > 0) {
      Arrays.fill(out, at, at + count, 0);
      tokens.forEach(token -> out[at + token] = NEVER);
    }
  }
}
