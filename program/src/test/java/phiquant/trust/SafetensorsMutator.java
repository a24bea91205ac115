package phiquant.trust;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * Changes a safetensors file by its structure: a tensor's dtype, shape, place or name, the header's
 * length, where the file ends, numbers that are none.
 *
 * @param file its name
 */
record SafetensorsMutator(String file) implements Mutator {
  private static final List<String> DTYPES =
      List.of(
          "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32",
          "F32", "F64", "I64", "U64", "F4", "C64", "bf16", "");

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(file);
    if (bytes == null || bytes.length < 16) {
      return;
    }
    SafetensorsBytes whole;
    try {
      whole = SafetensorsBytes.parse(bytes);
    } catch (RuntimeException e) {
      new BytesMutator(file).mutate(input, dice); // It was broken before.
      return;
    }
    input.files.put(file, change(whole, bytes, input, dice));
  }

  private byte[] change(SafetensorsBytes whole, byte[] bytes, Input input, Dice dice) {
    if (whole.names().isEmpty()) {
      return bytes;
    }
    String name = dice.pick(whole.names());
    ObjectNode tensor = (ObjectNode) whole.header().get(name);
    ArrayNode shape = tensor.withArray("shape");
    ArrayNode offsets = tensor.withArray("data_offsets");
    switch (dice.below(12)) {
      case 0 -> {
        tensor.put("dtype", dice.pick(DTYPES));
        input.changed("%s: %s is %s", file, name, tensor.get("dtype"));
      }
      case 1 -> {
        // Twice the length of the type, half the columns: the size stays right.
        tensor.put("dtype", dice.of("F32", "I32", "U8", "F8_E4M3", "I8", "F16", "U16"));
        int last = shape.size() - 1;
        int bytesEach = tensor.get("dtype").asText().matches("F32|I32") ? 2 : 0;
        long columns = shape.get(last).asLong();
        boolean same = tensor.get("dtype").asText().endsWith("16");
        shape.set(
            last, shape.numberNode(same ? columns : bytesEach == 2 ? columns / 2 : 2 * columns));
        input.changed("%s: %s is %s %s", file, name, tensor.get("dtype"), shape);
      }
      case 2 -> {
        int at = dice.below(shape.size());
        shape.set(at, shape.numberNode(dice.edge(shape.get(at).asLong())));
        input.changed("%s: %s has the shape %s", file, name, shape);
      }
      case 3 -> {
        if (shape.size() == 2) {
          long rows = shape.get(0).asLong();
          shape.set(0, shape.get(1));
          shape.set(1, shape.numberNode(rows));
        } else {
          shape.insert(0, 1);
        }
        input.changed("%s: %s has the shape %s", file, name, shape);
      }
      case 4 -> {
        int at = dice.below(2);
        offsets.set(at, offsets.numberNode(dice.edge(offsets.get(at).asLong())));
        input.changed("%s: %s lies at %s", file, name, offsets);
      }
      case 5 -> {
        String other = dice.pick(whole.names());
        tensor.set("data_offsets", whole.header().get(other).get("data_offsets").deepCopy());
        ((ObjectNode) whole.header().get(other)).set("data_offsets", offsets.deepCopy());
        input.changed("%s: %s and %s change places", file, name, other);
      }
      case 6 -> {
        return headerLength(bytes, input, dice);
      }
      case 7 -> {
        int data = bytes.length - whole.data().length;
        int end = data + offsets.get(dice.below(2)).asInt() + dice.of(-1, 0, 1);
        input.changed("%s: cut to %d of %d bytes", file, end, bytes.length);
        return Arrays.copyOf(bytes, Math.max(0, Math.min(end, bytes.length)));
      }
      case 8 -> {
        ByteBuffer data = ByteBuffer.wrap(whole.data()).order(ByteOrder.LITTLE_ENDIAN);
        if (data.limit() < 2) {
          return bytes;
        }
        int at = Math.clamp(offsets.get(0).asInt() & ~1, 0, data.limit() - 2);
        short value =
            dice.of((short) 0x7f80, (short) 0x7fc0, (short) 0xff80, (short) 0x7f7f, (short) 1);
        data.putShort(at, value);
        input.changed("%s: %s begins with the bits %x", file, name, value);
      }
      case 9 -> {
        whole.header().set(dice.text(), tensor.deepCopy());
        input.changed("%s: there is another tensor", file);
      }
      case 10 -> {
        String rename = dice.oneIn(2) ? dice.text() : dice.pick(whole.names());
        whole.header().remove(name);
        whole.header().set(rename, tensor);
        input.changed("%s: %s is named '%s'", file, name, rename);
      }
      default -> {
        return whole.bytes(new JsonMutator(file).change(whole.header(), input, dice));
      }
    }
    return whole.bytes();
  }

  private byte[] headerLength(byte[] bytes, Input input, Dice dice) {
    byte[] changed = bytes.clone();
    ByteBuffer buffer = ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN);
    long length = dice.oneIn(3) ? bytes.length - 8 : dice.edge(buffer.getLong(0));
    buffer.putLong(0, length);
    input.changed("%s: the header's length is %d", file, length);
    if (dice.oneIn(3)) {
      input.lengths.put(file, dice.of(100_000_009L, 200_000_000L, 1L << 33));
      input.changed("%s: zeros follow, up to %d bytes", file, input.lengths.get(file));
    }
    return changed;
  }
}
