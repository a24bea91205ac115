package phiquant.checkpoint.vocabulary;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The alphabet in which byte-level vocabularies are written: a printable character for each byte.
 * Source: {@code bytes_to_unicode} of GPT-2's encoder (Radford et al. 2019).
 */
public final class ByteAlphabet {
  /** The byte of each character, -1 for characters that are not in the alphabet. */
  private static final int[] BYTES = new int[512];

  private static final char[] CHARACTERS = new char[256];

  static {
    Arrays.fill(BYTES, -1);
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = b > ' ' && b < 127 || b > 160 && b < 256 && b != 173;
      char character = (char) (printable ? b : next++);
      BYTES[character] = b;
      CHARACTERS[b] = character;
    }
  }

  private ByteAlphabet() {}

  /** How bytes are written. */
  static String text(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte b : bytes) {
      text.append(CHARACTERS[b & 0xFF]);
    }
    return text.toString();
  }

  /** The bytes that a token stands for; none if it is not written in this alphabet. */
  public static Optional<byte[]> bytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = token.charAt(i);
      if (c >= BYTES.length || BYTES[c] < 0) {
        return Optional.empty();
      }
      bytes[i] = (byte) BYTES[c];
    }
    return Optional.of(bytes);
  }

  /** As a decoder reads a token: what is not in the alphabet stands for itself. */
  public static byte[] decode(String token) {
    return bytes(token).orElseGet(() -> token.getBytes(StandardCharsets.UTF_8));
  }
}
