package phiquant.engine.openvino.reader;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.Layout.Code;
import phiquant.checkpoint.Layout.Grouped;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.BFloat16;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.nncf.FourBitCodes;

/** A matrix in codes, scales and perhaps zero points, as one tensor of floats. */
record CompressedTensor(String name, List<Long> shape, Grouped grouped) implements StoredTensor {
  @Override
  public String format() {
    CompressionFormat format = IrType.format(grouped.code());
    boolean asymmetric = grouped.zeroPoints().isPresent();
    String kind =
        switch (grouped.code()) {
          case NF4, F4E2M1 -> format.name();
          default -> "int" + format.bits() + (asymmetric ? " asym" : " sym");
        };
    return kind + (grouped.group() == columns() ? " row" : " g" + grouped.group());
  }

  @Override
  public long storedBytes() {
    return grouped.codes().byteSize()
        + grouped.scales().byteSize()
        + grouped.zeroPoints().map(MemorySegment::byteSize).orElse(0L);
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(grouped);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    CompressionFormat format = IrType.format(grouped.code());
    int group = grouped.group();
    long groupsBefore = first * (columns() / group);
    int groups = Math.toIntExact(count * (columns() / group));
    byte[] codes = new byte[group];
    for (int g = 0; g < groups; g++) {
      long index = groupsBefore + g;
      codes(grouped.codes(), index * group, codes);
      format.decode(codes, 0, group, grid(index), out, at + g * group);
    }
  }

  private Grid grid(long group) {
    MemorySegment scales = grouped.scales();
    float scale =
        switch (grouped.scaleType()) {
          case F16 -> Float.float16ToFloat(scales.get(JAVA_SHORT_UNALIGNED, 2 * group));
          case BF16 -> BFloat16.toFloat(scales.get(JAVA_SHORT_UNALIGNED, 2 * group));
          case F8_E8M0 -> Math.scalb(1f, (scales.get(JAVA_BYTE, group) & 255) - 127);
          default -> scales.get(JAVA_FLOAT_UNALIGNED, 4 * group);
        };
    if (grouped.zeroPoints().isEmpty()) {
      return new Grid(scale, 0);
    }
    byte[] zero = new byte[1];
    codes(grouped.zeroPoints().get(), group, zero);
    return new Grid(scale, grouped.code() == Code.I8 ? zero[0] : zero[0] & 255);
  }

  /** Codes from number {@code first}, each in the low bits of a byte. */
  private void codes(MemorySegment in, long first, byte[] codes) {
    if (grouped.code().bits() == 8) {
      MemorySegment.copy(in, JAVA_BYTE, first, codes, 0, codes.length);
    } else {
      FourBitCodes.unpack(in, first, codes, 0, codes.length);
    }
  }
}
