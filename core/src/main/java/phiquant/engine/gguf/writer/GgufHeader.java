package phiquant.engine.gguf.writer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import phiquant.quant.ggml.GgmlType;

/**
 * Writes what stands before the data of a GGUF file, version 3, little-endian: magic, version,
 * counts, metadata, then for each tensor its name, dimensions (row length first), type and offset
 * into the data. Everything in the data begins at a multiple of 32 bytes. Source: ggml's
 * docs/gguf.md and gguf.cpp.
 */
final class GgufHeader {
  static final int ALIGNMENT = 32;
  private static final int VERSION = 3;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private GgufHeader() {}

  /** A tensor as the header describes it; {@code shape} is outermost first. */
  record Tensor(String name, List<Long> shape, GgmlType type, long offset) {}

  /** The header's bytes, padded to where the data begins. */
  static byte[] write(Map<String, MetadataValue> metadata, List<Tensor> tensors) {
    GgufHeader header = new GgufHeader();
    header.out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    header.u32(VERSION);
    header.u64(tensors.size());
    header.u64(metadata.size());
    metadata.forEach(
        (key, value) -> {
          header.text(key);
          header.value(value);
        });
    for (Tensor tensor : tensors) {
      header.text(tensor.name());
      header.u32(tensor.shape().size());
      for (int i = tensor.shape().size() - 1; i >= 0; i--) {
        header.u64(tensor.shape().get(i));
      }
      header.u32(tensor.type().id());
      header.u64(tensor.offset());
    }
    header.out.writeBytes(new byte[(int) (aligned(header.out.size()) - header.out.size())]);
    return header.out.toByteArray();
  }

  static long aligned(long size) {
    return Math.ceilDiv(size, (long) ALIGNMENT) * ALIGNMENT;
  }

  /** A type's number, then the value. */
  private void value(MetadataValue value) {
    if (value instanceof MetadataValue.U16 number) {
      u32(2);
      little(2).putShort((short) number.value());
      flush();
    } else if (value instanceof MetadataValue.U32 number) {
      u32(4);
      u32(number.value());
    } else if (value instanceof MetadataValue.I32 number) {
      u32(5);
      u32(number.value());
    } else if (value instanceof MetadataValue.F32 number) {
      u32(6);
      u32(Float.floatToRawIntBits(number.value()));
    } else if (value instanceof MetadataValue.Bool bool) {
      u32(7);
      out.write(bool.value() ? 1 : 0);
    } else if (value instanceof MetadataValue.Text text) {
      u32(8);
      text(text.value());
    } else if (value instanceof MetadataValue.Texts texts) {
      array(8, texts.values().size());
      texts.values().forEach(this::text);
    } else if (value instanceof MetadataValue.Ints ints) {
      array(5, ints.values().length);
      for (int each : ints.values()) {
        u32(each);
      }
    } else if (value instanceof MetadataValue.Floats floats) {
      array(6, floats.values().length);
      for (float each : floats.values()) {
        u32(Float.floatToRawIntBits(each));
      }
    }
  }

  private void array(int type, int length) {
    u32(9);
    u32(type);
    u64(length);
  }

  private void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    u64(bytes.length);
    out.writeBytes(bytes);
  }

  private ByteBuffer buffer;

  private ByteBuffer little(int size) {
    buffer = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    return buffer;
  }

  private void flush() {
    out.writeBytes(buffer.array());
  }

  private void u32(long value) {
    little(4).putInt((int) value);
    flush();
  }

  private void u64(long value) {
    little(8).putLong(value);
    flush();
  }
}
