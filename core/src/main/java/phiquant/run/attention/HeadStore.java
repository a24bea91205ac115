package phiquant.run.attention;

import java.util.ArrayList;
import java.util.List;

/**
 * Keys or values of one layer: a vector for each head and position, kept in pages that are made
 * when the first position in them is written, so that a cache takes memory as it is used. They come
 * out as floats, a run of positions at a time, into memory that stays in the first-level cache.
 */
public abstract sealed class HeadStore {
  /** Positions of a page. */
  static final int PAGE = 256;

  final int heads;
  final int headSize;

  private HeadStore(int heads, int headSize) {
    this.heads = heads;
    this.headSize = headSize;
  }

  static HeadStore of(CacheType type, int heads, int headSize) {
    return switch (type) {
      case F32 -> new Floats(heads, headSize);
      case F16 -> new Halves(heads, headSize);
      case INT8 -> new Bytes(heads, headSize);
    };
  }

  /** Makes the pages that hold positions below {@code length}. */
  abstract void reserve(int length);

  /** Stores one vector, whose numbers are {@code stride} apart; its page has been made. */
  public abstract void write(int head, int position, float[] x, int at, int stride);

  /** Decodes {@code [count, headSize]} from a position on; all of them are in one page. */
  public abstract void read(int head, int position, int count, float[] out, int at);

  final int index(int head, int position) {
    return (head * PAGE + position % PAGE) * headSize;
  }

  final int pageSize() {
    return Math.multiplyExact(heads * PAGE, headSize);
  }

  private static final class Floats extends HeadStore {
    private final List<float[]> pages = new ArrayList<>();

    Floats(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    void reserve(int length) {
      while (pages.size() * PAGE < length) {
        pages.add(new float[pageSize()]);
      }
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      float[] page = pages.get(position / PAGE);
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = x[at + i * stride];
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      float[] page = pages.get(position / PAGE);
      System.arraycopy(page, index(head, position), out, at, count * headSize);
    }
  }

  private static final class Halves extends HeadStore {
    private final List<short[]> pages = new ArrayList<>();

    Halves(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    void reserve(int length) {
      while (pages.size() * PAGE < length) {
        pages.add(new short[pageSize()]);
      }
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      short[] page = pages.get(position / PAGE);
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = Float.floatToFloat16(x[at + i * stride]);
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      short[] page = pages.get(position / PAGE);
      int from = index(head, position);
      for (int i = 0; i < count * headSize; i++) {
        out[at + i] = Float.float16ToFloat(page[from + i]);
      }
    }
  }

  /** {@code x ≈ scale · code}, scale being the largest magnitude of the vector over 127. */
  private static final class Bytes extends HeadStore {
    private final List<byte[]> pages = new ArrayList<>();
    private final List<float[]> scales = new ArrayList<>();

    Bytes(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    void reserve(int length) {
      while (pages.size() * PAGE < length) {
        pages.add(new byte[pageSize()]);
        scales.add(new float[heads * PAGE]);
      }
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      float max = 0;
      for (int i = 0; i < headSize; i++) {
        max = Math.max(max, Math.abs(x[at + i * stride]));
      }
      float scale = max / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      scales.get(position / PAGE)[head * PAGE + position % PAGE] = scale;
      byte[] page = pages.get(position / PAGE);
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = (byte) Math.rint(x[at + i * stride] * inverse);
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      byte[] page = pages.get(position / PAGE);
      float[] scale = scales.get(position / PAGE);
      for (int j = 0; j < count; j++) {
        float s = scale[head * PAGE + position % PAGE + j];
        int from = index(head, position + j);
        int to = at + j * headSize;
        for (int i = 0; i < headSize; i++) {
          out[to + i] = s * page[from + i];
        }
      }
    }
  }
}
