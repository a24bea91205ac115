package phiquant.trust;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Where everything lies in the header of a sound GGUF file. Written from ggml's docs/gguf.md, apart
 * from phiquant's own reader.
 */
final class GgufSpans {
  /** What the bytes at a place mean. */
  enum Kind {
    VERSION,
    COUNT,
    TEXT_LENGTH,
    TEXT,
    TYPE,
    INTEGER,
    FLOAT,
    DIMENSIONS,
    OFFSET
  }

  /** Some bytes of one meaning. */
  record Span(Kind kind, String of, int at, int size) {}

  /** A key with its value, or a tensor's description. */
  record Entry(String name, boolean tensor, int at, int end) {}

  /** Bytes of a number by type; texts and lists have none. */
  private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

  final List<Span> spans = new ArrayList<>();
  final List<Entry> entries = new ArrayList<>();

  /** Where the tensors' data begin. */
  final int data;

  private final ByteBuffer in;
  private String of = "";

  GgufSpans(byte[] file) {
    in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    in.position(4);
    integer(Kind.VERSION, 4);
    long tensors = integer(Kind.COUNT, 8);
    long keys = integer(Kind.COUNT, 8);
    for (long i = 0; i < keys; i++) {
      int at = in.position();
      of = "";
      of = text();
      value((int) integer(Kind.TYPE, 4));
      entries.add(new Entry(of, false, at, in.position()));
    }
    for (long i = 0; i < tensors; i++) {
      int at = in.position();
      of = "";
      of = text();
      long dimensions = integer(Kind.DIMENSIONS, 4);
      for (long d = 0; d < dimensions; d++) {
        integer(Kind.DIMENSIONS, 8);
      }
      integer(Kind.TYPE, 4);
      integer(Kind.OFFSET, 8);
      entries.add(new Entry(of, true, at, in.position()));
    }
    data = (in.position() + 31) / 32 * 32;
  }

  private long integer(Kind kind, int size) {
    spans.add(new Span(kind, of, in.position(), size));
    long value = 0;
    for (int i = 0; i < size; i++) {
      value |= (in.get() & 0xffL) << 8 * i;
    }
    return value;
  }

  private String text() {
    long length = integer(Kind.TEXT_LENGTH, 8);
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException("a text that ends outside of the file");
    }
    byte[] bytes = new byte[(int) length];
    spans.add(new Span(Kind.TEXT, of, in.position(), (int) length));
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private void value(int type) {
    if (type == 8) {
      text();
    } else if (type == 9) {
      int of = (int) integer(Kind.TYPE, 4);
      long count = integer(Kind.COUNT, 8);
      for (long i = 0; i < count; i++) {
        value(of);
      }
    } else {
      integer(type == 6 || type == 12 ? Kind.FLOAT : Kind.INTEGER, SIZES[type]);
    }
  }
}
