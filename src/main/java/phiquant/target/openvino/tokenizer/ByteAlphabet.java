package phiquant.target.openvino.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The alphabet in which byte-level vocabularies are written: a printable character for each byte.
 * Source: {@code bytes_to_unicode} of GPT-2's encoder (Radford et al. 2019).
 */
final class ByteAlphabet {
  private static final Map<Integer, Byte> BYTES = new HashMap<>();

  static {
    int next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = b > ' ' && b < 127 || b > 160 && b < 256 && b != 173;
      BYTES.put(printable ? b : next++, (byte) b);
    }
  }

  private ByteAlphabet() {}

  /** The bytes that a token stands for; none if it is not written in this alphabet. */
  static Optional<byte[]> bytes(String token) {
    int[] characters = token.codePoints().toArray();
    byte[] bytes = new byte[characters.length];
    for (int i = 0; i < bytes.length; i++) {
      Byte b = BYTES.get(characters[i]);
      if (b == null) {
        return Optional.empty();
      }
      bytes[i] = b;
    }
    return Optional.of(bytes);
  }

  /** As a decoder reads a token: what is not in the alphabet stands for itself. */
  static byte[] decode(String token) {
    return bytes(token).orElseGet(() -> token.getBytes(StandardCharsets.UTF_8));
  }
}
