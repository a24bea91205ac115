package phiquant.engine.gguf.reader;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;

/** Reads the primitives of a GGUF header, one after the other, and never beyond the file's end. */
final class GgufReader {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  /** Smallest size of a value by type: u8, i8, u16, i16, u32, i32, f32, bool, string, array, … */
  private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

  /** A vocabulary of 200,000 takes a million values, merges included; its header some 10 MB. */
  private static final long MOST_VALUES = 4_000_000;

  private static final long LONGEST_HEADER = 128 << 20;

  /** Source: gguf.md, "key: ... must be at most 2^16-1 bytes long". */
  private static final long LONGEST_NAME = (1 << 16) - 1;

  /** A whole tokenizer.json, which some writers put into a key, has 16 MB. */
  private static final long LONGEST_TEXT = 64 << 20;

  private final Path path;
  private final MemorySegment file;
  private long position;
  private long values;

  GgufReader(Path path, MemorySegment file) {
    this.path = path;
    this.file = file;
  }

  long position() {
    return position;
  }

  UserError wrong(String fact) {
    return new UserError(path + " is not a GGUF file that phiquant reads: " + fact + ".");
  }

  int magicAndVersion() {
    if (file.byteSize() < 24 || u32() != MAGIC) {
      throw wrong("it does not begin with GGUF");
    }
    int version = u32();
    if (version == 0x02000000 || version == 0x03000000) {
      throw wrong("it is big-endian");
    }
    if (version != 2 && version != 3) {
      throw wrong("its version is " + Integer.toUnsignedString(version) + ", not 2 or 3");
    }
    return version;
  }

  /** A number of keys or tensors, of which no model has very many. */
  int few(int bytesEach, String what) {
    int count = count(bytesEach, what);
    if (count > 1 << 16) {
      throw wrong("it is said to hold " + count + " " + what);
    }
    return count;
  }

  /** A number of things that each take some bytes at least. */
  private int count(int bytesEach, String what) {
    long count = u64();
    long room = file.byteSize() - position;
    if (count < 0 || count > room / bytesEach || count > Integer.MAX_VALUE - 8) {
      throw wrong(
          "it is said to hold " + Long.toUnsignedString(count) + " " + what + ", more than fit");
    }
    return (int) count;
  }

  int u32() {
    return file.get(JAVA_INT_UNALIGNED, advance(4));
  }

  long u64() {
    return file.get(JAVA_LONG_UNALIGNED, advance(8));
  }

  /** A text that says what something is, and so must be one. */
  String name() {
    long at = position;
    byte[] bytes = bytes(LONGEST_NAME);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw wrong("a name at byte " + at + " is not UTF-8");
    }
  }

  String text() {
    return new String(bytes(LONGEST_TEXT), StandardCharsets.UTF_8);
  }

  private byte[] bytes(long most) {
    long length = u64();
    if (length < 0 || length > file.byteSize() - position || length > most) {
      throw wrong(
          "a text at byte "
              + (position - 8)
              + " is said to have "
              + Long.toUnsignedString(length)
              + " bytes, more than it can");
    }
    long at = advance(length);
    return file.asSlice(at, length).toArray(JAVA_BYTE);
  }

  /** A type's number and a value of that type. */
  Object value(int depth) {
    return value(u32(), depth);
  }

  private Object value(int type, int depth) {
    return switch (type) {
      case 0 -> (long) (file.get(JAVA_BYTE, advance(1)) & 0xff);
      case 1 -> (long) file.get(JAVA_BYTE, advance(1));
      case 2 -> (long) (file.get(JAVA_SHORT_UNALIGNED, advance(2)) & 0xffff);
      case 3 -> (long) file.get(JAVA_SHORT_UNALIGNED, advance(2));
      case 4 -> Integer.toUnsignedLong(u32());
      case 5 -> (long) u32();
      case 6 -> (double) file.get(JAVA_FLOAT_UNALIGNED, advance(4));
      case 7 -> file.get(JAVA_BYTE, advance(1)) != 0;
      case STRING -> text();
      case ARRAY -> list(depth);
      case 10, 11 -> u64();
      case 12 -> file.get(JAVA_DOUBLE_UNALIGNED, advance(8));
      default -> throw wrong("a value has the type number " + Integer.toUnsignedString(type));
    };
  }

  private List<Object> list(int depth) {
    if (depth >= 2) {
      throw wrong("lists stand within lists too deeply");
    }
    int type = u32();
    if (type < 0 || type >= SIZES.length) {
      throw wrong("a list has the type number " + Integer.toUnsignedString(type));
    }
    int count = count(SIZES[type], "values in a list");
    values += count;
    if (values > MOST_VALUES) {
      throw wrong("its lists hold more than " + MOST_VALUES + " values, which no model needs");
    }
    List<Object> list = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      list.add(value(type, depth + 1));
    }
    return list;
  }

  private long advance(long bytes) {
    if (bytes > file.byteSize() - position) {
      throw wrong("it ends in the middle of its header");
    }
    long at = position;
    position += bytes;
    if (position > LONGEST_HEADER) {
      throw wrong("its header is longer than " + (LONGEST_HEADER >> 20) + " MB");
    }
    return at;
  }

  static String abbreviate(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
