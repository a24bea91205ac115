package phiquant.engine.plan;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Encodes the rows of matrices that are piled up, each matrix by an encoder that knows how much its
 * own columns count.
 *
 * @param matrices one encoder for each, all of the same number of bytes
 * @param height rows of each matrix, a multiple of the encoders' {@link #rowMultiple}
 */
public record PiledRows(List<RowEncoder> matrices, long height) implements RowEncoder {
  /**
   * What encodes a tensor.
   *
   * @param importance how much the columns count, of each matrix that is in the tensor; empty if
   *     nothing is known
   * @param rows of the tensor
   * @param encoder what encodes one matrix, told that or not
   */
  public static RowEncoder of(
      List<float[]> importance, long rows, Function<Optional<float[]>, RowEncoder> encoder) {
    if (importance.size() < 2) {
      return encoder.apply(importance.stream().findFirst());
    }
    List<RowEncoder> matrices =
        importance.stream().map(columns -> encoder.apply(Optional.of(columns))).toList();
    return new PiledRows(matrices, rows / matrices.size());
  }

  @Override
  public int rowMultiple() {
    return matrices.getFirst().rowMultiple();
  }

  @Override
  public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
    encode(x, 0, rows, columns, out);
  }

  @Override
  public void encode(float[] x, long first, int rows, int columns, MemorySegment[] out) {
    int done = 0;
    while (done < rows) {
      long row = first + done;
      int some = (int) Math.min(rows - done, height - row % height);
      float[] own = done == 0 ? x : Arrays.copyOfRange(x, done * columns, (done + some) * columns);
      MemorySegment[] parts = new MemorySegment[out.length];
      for (int i = 0; i < out.length; i++) {
        long bytes = out[i].byteSize();
        parts[i] = out[i].asSlice(bytes * done / rows, bytes * some / rows);
      }
      matrices.get(Math.toIntExact(row / height)).encode(own, some, columns, parts);
      done += some;
    }
  }
}
