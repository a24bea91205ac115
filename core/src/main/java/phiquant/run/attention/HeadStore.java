package phiquant.run.attention;

import java.util.ArrayList;
import java.util.List;

/**
 * Keys or values of one layer: a vector for each head and position, kept in pages that are made
 * when the first position in them is written, so that a cache takes memory as it is used. Sequences
 * that begin alike may have pages in common; who writes to one makes a copy first. Numbers come out
 * as floats, a run of positions at a time, into memory that stays in the first-level cache.
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

  /**
   * Makes the pages that hold positions below {@code length}, of which those from one on change.
   */
  abstract void reserve(int from, int length);

  /** Holds what another store of the same shape has below {@code length}, and nothing else. */
  abstract void copy(HeadStore other, int length);

  /** Gives back the pages of positions from {@code length} on. */
  abstract void release(int length);

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

  /** What stores have in common, whatever a page is. */
  private abstract static sealed class Paged<P> extends HeadStore {
    private final List<P> pages = new ArrayList<>();

    /** The first pages, which another store may have too. */
    private int shared;

    private Paged(int heads, int headSize) {
      super(heads, headSize);
    }

    abstract P make();

    abstract P copy(P page);

    final P page(int position) {
      return pages.get(position / PAGE);
    }

    @Override
    final void reserve(int from, int length) {
      int first = from / PAGE;
      if (first < shared) {
        release(first * PAGE + PAGE);
        pages.set(first, copy(pages.get(first)));
        shared = first;
      }
      while (pages.size() * PAGE < length) {
        pages.add(make());
      }
    }

    @Override
    final void release(int length) {
      int kept = Math.min(pages.size(), Math.ceilDiv(length, PAGE));
      pages.subList(kept, pages.size()).clear();
      shared = Math.min(shared, kept);
    }

    @Override
    final void copy(HeadStore other, int length) {
      @SuppressWarnings("unchecked")
      Paged<P> from = (Paged<P>) other;
      pages.clear();
      pages.addAll(from.pages.subList(0, Math.ceilDiv(length, PAGE)));
      shared = pages.size();
      // Of a page that both go on in, each needs its own.
      int whole = length / PAGE;
      if (whole < shared) {
        pages.set(whole, copy(pages.get(whole)));
        shared = whole;
      }
      from.shared = Math.max(from.shared, whole);
    }
  }

  private static final class Floats extends Paged<float[]> {
    Floats(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    float[] make() {
      return new float[pageSize()];
    }

    @Override
    float[] copy(float[] page) {
      return page.clone();
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      float[] page = page(position);
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = x[at + i * stride];
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      System.arraycopy(page(position), index(head, position), out, at, count * headSize);
    }
  }

  private static final class Halves extends Paged<short[]> {
    Halves(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    short[] make() {
      return new short[pageSize()];
    }

    @Override
    short[] copy(short[] page) {
      return page.clone();
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      short[] page = page(position);
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = Float.floatToFloat16(x[at + i * stride]);
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      short[] page = page(position);
      int from = index(head, position);
      for (int i = 0; i < count * headSize; i++) {
        out[at + i] = Float.float16ToFloat(page[from + i]);
      }
    }
  }

  /** Codes, and a scale for each vector. */
  private record Coded(byte[] codes, float[] scales) {}

  /** {@code x ≈ scale · code}, scale being the largest magnitude of the vector over 127. */
  private static final class Bytes extends Paged<Coded> {
    Bytes(int heads, int headSize) {
      super(heads, headSize);
    }

    @Override
    Coded make() {
      return new Coded(new byte[pageSize()], new float[heads * PAGE]);
    }

    @Override
    Coded copy(Coded page) {
      return new Coded(page.codes().clone(), page.scales().clone());
    }

    @Override
    public void write(int head, int position, float[] x, int at, int stride) {
      float max = 0;
      for (int i = 0; i < headSize; i++) {
        max = Math.max(max, Math.abs(x[at + i * stride]));
      }
      float scale = max / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      page(position).scales()[head * PAGE + position % PAGE] = scale;
      byte[] page = page(position).codes();
      int to = index(head, position);
      for (int i = 0; i < headSize; i++) {
        page[to + i] = (byte) Math.rint(x[at + i * stride] * inverse);
      }
    }

    @Override
    public void read(int head, int position, int count, float[] out, int at) {
      byte[] page = page(position).codes();
      float[] scale = page(position).scales();
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
