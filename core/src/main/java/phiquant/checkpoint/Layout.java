package phiquant.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.matmulnbits.NBitsColumns;

/**
 * How a stored matrix lies in its mapped file, for who computes on it in place. All but the turned
 * are row-major, rows follow each other without gaps, and the segments hold exactly the matrix.
 */
public sealed interface Layout {
  /**
   * Some rows of a matrix; empty if they do not lie together.
   *
   * @param rows of the whole
   */
  default Optional<Layout> slice(long first, long count, long rows) {
    return Optional.empty();
  }

  /** Rows of what has as many bytes for each. */
  private static MemorySegment slice(MemorySegment all, long first, long count, long rows) {
    long bytes = all.byteSize() / rows;
    return all.asSlice(first * bytes, count * bytes);
  }

  /**
   * Plain numbers.
   *
   * @param type F32, F16 or BF16
   * @param data {@code [rows, columns]}
   */
  record Plain(DType type, MemorySegment data) implements Layout {
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      return Optional.of(new Plain(type, Layout.slice(data, first, count, rows)));
    }
  }

  /**
   * Blocks of ggml, of whole rows.
   *
   * @param blocks {@code [rows, columns / type.blockSize()]}
   */
  record Ggml(GgmlType type, MemorySegment blocks) implements Layout {
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      return Optional.of(new Ggml(type, Layout.slice(blocks, first, count, rows)));
    }
  }

  /**
   * MLX's affine mode: {@code w = code · scale + bias}.
   *
   * @param bits of a code; codes are one little-endian stream of bits, the first code lowest
   * @param group weights that share scale and bias
   * @param codes {@code [rows, columns · bits / 8]} bytes
   * @param scaleType F32, F16 or BF16, of scales and biases
   * @param scales {@code [rows, columns / group]}
   * @param biases the same shape
   */
  record Affine(
      int bits,
      int group,
      MemorySegment codes,
      DType scaleType,
      MemorySegment scales,
      MemorySegment biases)
      implements Layout {
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      return Optional.of(
          new Affine(
              bits,
              group,
              Layout.slice(codes, first, count, rows),
              scaleType,
              Layout.slice(scales, first, count, rows),
              Layout.slice(biases, first, count, rows)));
    }
  }

  /**
   * MLX's modes whose codes are small floats: {@code w = code · scale}.
   *
   * @param format mxfp4, nvfp4 or mxfp8: says what codes and scales are
   * @param codes {@code [rows, columns · bits / 8]} bytes
   * @param scales {@code [rows, columns / group]} bytes
   */
  record Microscaled(GroupFormat format, MemorySegment codes, MemorySegment scales)
      implements Layout {
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      return Optional.of(
          new Microscaled(
              format,
              Layout.slice(codes, first, count, rows),
              Layout.slice(scales, first, count, rows)));
    }
  }

  /**
   * ONNX Runtime's {@code com.microsoft.MatMulNBits}: {@code w = (code - zero point) · scale}.
   *
   * @param bits of a code: 2, 4 or 8; the first code is in the lowest bits of a byte
   * @param block weights of a row that share a scale; the last block of a row may be padded
   * @param codes {@code [rows, blocks, block · bits / 8]} bytes
   * @param scaleType F32 or F16
   * @param scales {@code [rows, blocks]}
   * @param zeroPoints {@code [rows, ceil(blocks · bits / 8)]} bytes, packed as codes are; if there
   *     are none, every zero point is {@code 2^(bits - 1)}
   */
  record Blocked(
      int bits,
      int block,
      MemorySegment codes,
      DType scaleType,
      MemorySegment scales,
      Optional<MemorySegment> zeroPoints)
      implements Layout {
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      return Optional.of(
          new Blocked(
              bits,
              block,
              Layout.slice(codes, first, count, rows),
              scaleType,
              Layout.slice(scales, first, count, rows),
              zeroPoints.map(all -> Layout.slice(all, first, count, rows))));
    }
  }

  /**
   * Plain numbers that are stored turned, as {@code MatMul} of ONNX wants them.
   *
   * @param stored {@code [columns, rows]}
   */
  record Turned(Plain stored) implements Layout {}

  /**
   * Blocks that are stored turned, as {@code DequantizeLinear} of ONNX reads them in front of a
   * {@code MatMul}.
   *
   * @param blocks says how they lie
   * @param codes {@code [columns, rows]}
   * @param scales {@code [columns / block, rows]}
   * @param zeroPoints the same shape, packed as codes are; none if codes are signed
   */
  record TurnedBlocks(
      NBitsColumns blocks,
      MemorySegment codes,
      MemorySegment scales,
      Optional<MemorySegment> zeroPoints)
      implements Layout {}

  /** What a code of OpenVINO's compressed constants is. */
  enum Code {
    U4(4),
    I4(4),
    U8(8),
    I8(8),
    NF4(4),
    F4E2M1(4);

    private final int bits;

    Code(int bits) {
      this.bits = bits;
    }

    /** Bits of a code; of two in a byte the first is in the low half. */
    public int bits() {
      return bits;
    }
  }

  /**
   * OpenVINO's compressed constants: {@code w = (code - zero point) · scale}.
   *
   * @param code what codes and zero points are
   * @param group weights of a row that share a scale; may be the whole row
   * @param codes {@code [rows, columns / group, group]}, two to a byte where they have four bits
   * @param scaleType F16, F32, BF16, or F8_E8M0
   * @param scales {@code [rows, columns / group]}
   * @param zeroPoints the same shape, packed as codes are; none: zero
   */
  record Grouped(
      Code code,
      int group,
      MemorySegment codes,
      DType scaleType,
      MemorySegment scales,
      Optional<MemorySegment> zeroPoints)
      implements Layout {
    /** None where a row's zero points begin within a byte. */
    @Override
    public Optional<Layout> slice(long first, long count, long rows) {
      boolean split = zeroPoints.filter(all -> all.byteSize() % rows != 0).isPresent();
      return split
          ? Optional.empty()
          : Optional.of(
              new Grouped(
                  code,
                  group,
                  Layout.slice(codes, first, count, rows),
                  scaleType,
                  Layout.slice(scales, first, count, rows),
                  zeroPoints.map(all -> Layout.slice(all, first, count, rows))));
    }
  }

  /**
   * Rows of a matrix at equal distances.
   *
   * @param whole has a layout of its own
   * @param first of its rows
   * @param step from one to the next
   */
  record Stepped(StoredTensor whole, int first, int step) implements Layout {}

  /** Rows of several tensors one after the other, each in its own layout, if it has one. */
  record Stacked(List<StoredTensor> parts) implements Layout {}
}
