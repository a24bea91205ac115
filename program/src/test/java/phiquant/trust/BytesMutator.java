package phiquant.trust;

import java.util.Arrays;

/**
 * What happens to any file, whatever is in it: bits flip, the end is missing, parts change places.
 *
 * @param file its name
 */
record BytesMutator(String file) implements Mutator {
  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(file);
    if (bytes != null && bytes.length > 0) {
      input.files.put(file, change(bytes, input, dice));
    }
  }

  private byte[] change(byte[] bytes, Input input, Dice dice) {
    // Headers stand at the beginning, and break more.
    int room = dice.oneIn(2) ? Math.min(bytes.length, 4096) : bytes.length;
    int at = dice.below(room);
    int size = Math.min(dice.of(1, 2, 4, 8, 16, 64, 1000), bytes.length - at);
    byte[] changed = bytes.clone();
    switch (dice.below(9)) {
      case 0 -> {
        int bit = dice.below(8);
        changed[at] ^= (byte) (1 << bit);
        input.changed("%s: bit %d of byte %d flipped", file, bit, at);
      }
      case 1 -> {
        changed[at] = (byte) dice.below(256);
        input.changed("%s: byte %d is %d", file, at, changed[at]);
      }
      case 2, 3 -> {
        byte value = dice.of((byte) 0, (byte) 0xff, (byte) 0x7f, (byte) 0x80);
        Arrays.fill(changed, at, at + size, value);
        input.changed("%s: %d bytes from %d on are %d", file, size, at, value);
      }
      case 4 -> {
        changed = Arrays.copyOf(bytes, at);
        input.changed("%s: cut to %d of %d bytes", file, at, bytes.length);
      }
      case 5 -> {
        int from = dice.below(bytes.length - size + 1);
        System.arraycopy(bytes, from, changed, at, size);
        System.arraycopy(bytes, at, changed, from, size);
        input.changed("%s: %d bytes at %d and %d change places", file, size, at, from);
      }
      case 6 -> {
        changed = new byte[bytes.length + size];
        System.arraycopy(bytes, 0, changed, 0, at + size);
        System.arraycopy(bytes, at, changed, at + size, bytes.length - at);
        input.changed("%s: %d bytes at %d stand twice", file, size, at);
      }
      case 7 -> {
        changed = new byte[bytes.length - size];
        System.arraycopy(bytes, 0, changed, 0, at);
        System.arraycopy(bytes, at + size, changed, at, changed.length - at);
        input.changed("%s: %d bytes at %d are missing", file, size, at);
      }
      default -> {
        long length = dice.of(1L << 20, 1L << 30, 1L << 33);
        input.lengths.put(file, length);
        input.changed("%s: zeros follow, up to %d bytes", file, length);
      }
    }
    return changed;
  }
}
