package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.ggml.GgmlBlock;

/** Writes 32 levels as the formats of 32 weights lay them out. */
final class Nibbles {
  private Nibbles() {}

  /** Levels i and i + 16 in the low and the high half of byte i. */
  static void put(byte[] l, MemorySegment out, long at) {
    for (int i = 0; i < 16; i++) {
      GgmlBlock.put(out, at + i, l[i] & 15 | (l[i + 16] & 15) << 4);
    }
  }

  /** The fifth bits of all in an int, bit i that of level i; then the others. */
  static void putFives(byte[] l, MemorySegment out, long at) {
    int fifth = 0;
    for (int i = 0; i < 32; i++) {
      fifth |= (l[i] >> 4 & 1) << i;
    }
    out.set(JAVA_INT_UNALIGNED, at, fifth);
    put(l, out, at + 4);
  }
}
