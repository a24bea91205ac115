package phiquant.trust;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import phiquant.trust.GgufSpans.Entry;
import phiquant.trust.GgufSpans.Kind;
import phiquant.trust.GgufSpans.Span;

/** Changes a GGUF file by its structure: one number, text, key, tensor or scale. */
record GgufMutator() implements Mutator {
  static final String FILE = "model.gguf";

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(FILE);
    GgufSpans spans;
    try {
      spans = new GgufSpans(bytes);
    } catch (RuntimeException e) {
      new BytesMutator(FILE).mutate(input, dice); // It was broken before.
      return;
    }
    input.files.put(FILE, change(bytes, spans, input, dice));
  }

  private static byte[] change(byte[] bytes, GgufSpans spans, Input input, Dice dice) {
    // Kinds alike often, though most spans are the vocabulary's.
    Kind kind = dice.of(Kind.values());
    List<Span> alike = spans.spans.stream().filter(span -> span.kind() == kind).toList();
    List<Span> outside =
        alike.stream().filter(span -> !span.of().startsWith("tokenizer.ggml.")).toList();
    Span span = dice.pick(outside.isEmpty() || dice.oneIn(3) ? alike : outside);
    Entry entry = dice.pick(spans.entries);
    return switch (dice.below(12)) {
      case 0 -> without(bytes, entry, input);
      case 1 -> twice(bytes, entry, input);
      case 2 -> swapped(bytes, entry, dice.pick(spans.entries), input);
      case 3 -> {
        int at = dice.oneIn(2) ? span.at() + dice.below(span.size() + 1) : entry.end();
        input.changed("cut to %d of %d bytes", at, bytes.length);
        yield Arrays.copyOf(bytes, at);
      }
      case 4, 5 -> scale(bytes, spans.data, input, dice);
      default ->
          span.kind() == Kind.TEXT
              ? text(bytes, span, input, dice)
              : number(bytes, span, input, dice);
    };
  }

  private static byte[] number(byte[] bytes, Span span, Input input, Dice dice) {
    byte[] changed = bytes.clone();
    ByteBuffer at = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).position(span.at());
    if (span.kind() == Kind.FLOAT) {
      double number = dice.number();
      if (span.size() == 4) {
        at.putFloat((float) number);
      } else {
        at.putDouble(number);
      }
      input.changed("the number of '%s' at %d is %s", span.of(), span.at(), number);
      return changed;
    }
    long before = 0;
    for (int i = 0; i < span.size(); i++) {
      before |= (bytes[span.at() + i] & 0xffL) << 8 * i;
    }
    long value = span.kind() == Kind.TYPE ? dice.below(42) : dice.edge(before);
    for (int i = 0; i < span.size(); i++) {
      at.put((byte) (value >> 8 * i));
    }
    input.changed(
        "the %s of '%s' at %d is %d, not %d", span.kind(), span.of(), span.at(), value, before);
    return changed;
  }

  /** Another text, with the length that it has. */
  private static byte[] text(byte[] bytes, Span span, Input input, Dice dice) {
    String text = dice.oneIn(3) ? "{% for a in b %}" : dice.text();
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, span.at() - 8);
    out.writeBytes(length.putLong(utf8.length).array());
    out.writeBytes(utf8);
    out.write(bytes, span.at() + span.size(), bytes.length - span.at() - span.size());
    String before = new String(bytes, span.at(), span.size(), StandardCharsets.UTF_8);
    input.changed("the text '%s' of '%s' is '%s'", before, span.of(), text);
    return aligned(bytes, out.toByteArray(), span.at());
  }

  private static byte[] without(byte[] bytes, Entry entry, Input input) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, entry.at());
    out.write(bytes, entry.end(), bytes.length - entry.end());
    input.changed("'%s' is missing", entry.name());
    return aligned(bytes, counted(out.toByteArray(), entry, -1), entry.at());
  }

  private static byte[] twice(byte[] bytes, Entry entry, Input input) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, entry.end());
    out.write(bytes, entry.at(), bytes.length - entry.at());
    input.changed("'%s' stands twice", entry.name());
    return aligned(bytes, counted(out.toByteArray(), entry, 1), entry.at());
  }

  private static byte[] swapped(byte[] bytes, Entry one, Entry other, Input input) {
    if (one.at() > other.at()) {
      return swapped(bytes, other, one, input);
    }
    if (one.equals(other)) {
      return bytes;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, one.at());
    out.write(bytes, other.at(), other.end() - other.at());
    out.write(bytes, one.end(), other.at() - one.end());
    out.write(bytes, one.at(), one.end() - one.at());
    out.write(bytes, other.end(), bytes.length - other.end());
    input.changed("'%s' and '%s' change places", one.name(), other.name());
    return out.toByteArray();
  }

  private static byte[] counted(byte[] bytes, Entry entry, int more) {
    int at = entry.tensor() ? 8 : 16;
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putLong(at, buffer.getLong(at) + more);
    return bytes;
  }

  /** Puts the data where the changed header's end, rounded up, says that they are. */
  private static byte[] aligned(byte[] before, byte[] changed, int unused) {
    int start = new GgufSpans(before).data;
    int moved = changed.length - before.length;
    // The header's last bytes before padding moved by that much.
    int end = start + moved;
    int padding = Math.floorMod(-moved, 32);
    byte[] out = new byte[changed.length + padding];
    System.arraycopy(changed, 0, out, 0, end);
    System.arraycopy(changed, end, out, end + padding, changed.length - end);
    return out;
  }

  /** Numbers that are none, among the weights' scales and codes. */
  private static byte[] scale(byte[] bytes, int data, Input input, Dice dice) {
    byte[] changed = bytes.clone();
    int at = (data + dice.below(bytes.length - data - 4)) & ~1;
    short value =
        dice.of(
            (short) 0x7c00,
            (short) 0xfc00,
            (short) 0x7e00,
            (short) 0x7f80,
            (short) 0xff80,
            (short) 0x7fc0,
            (short) 0x8000,
            (short) 0x0001,
            (short) 0xffff);
    ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putShort(at, value);
    input.changed("the data at %d are %x", at, value);
    return changed;
  }
}
