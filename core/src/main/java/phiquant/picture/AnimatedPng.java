package phiquant.picture;

import java.nio.ByteBuffer;

/**
 * Whether a PNG has several frames: the JDK's reader shows the first of them without a word. They
 * are announced by a chunk {@code acTL} before the first {@code IDAT} (PNG, third edition, 11.3.2).
 */
final class AnimatedPng {
  private static final long SIGNATURE = 0x89504e470d0a1a0aL;
  private static final int ANIMATION = 0x6163544c;
  private static final int DATA = 0x49444154;

  private AnimatedPng() {}

  static boolean is(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.remaining() < Long.BYTES || in.getLong() != SIGNATURE) {
      return false;
    }
    while (in.remaining() >= 2 * Integer.BYTES) {
      long length = Integer.toUnsignedLong(in.getInt());
      int kind = in.getInt();
      if (kind == ANIMATION || kind == DATA) {
        return kind == ANIMATION;
      }
      long next = in.position() + length + Integer.BYTES;
      in.position((int) Math.min(next, in.limit()));
    }
    return false;
  }
}
