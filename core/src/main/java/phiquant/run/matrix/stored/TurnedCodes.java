package phiquant.run.matrix.stored;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.PARTS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.checkpoint.Layout;
import phiquant.quant.matmulnbits.NBitsColumns;
import phiquant.run.matrix.codes.Packed;

/**
 * The lines of a turned matrix in blocks: {@code w = (code - zero point) · scale}, where every row
 * has a scale of its own for as many lines as a block has.
 */
final class TurnedCodes implements TurnedMatrix.Lines {
  private static final ThreadLocal<TurnedCodes.Line> LINE = ThreadLocal.withInitial(Line::new);

  /** One line on its way from codes to floats. */
  private static final class Line {
    final byte[] codes = new byte[TurnedMatrix.WIDTH];
    final float[] scales = new float[TurnedMatrix.WIDTH];
    final float[] zeros = new float[TurnedMatrix.WIDTH];
  }

  private final Layout.TurnedBlocks layout;
  private final NBitsColumns blocks;
  private final Packed codes;

  TurnedCodes(Layout.TurnedBlocks layout) {
    this.layout = layout;
    this.blocks = layout.blocks();
    this.codes = new Packed(layout.codes(), blocks.format().bits(), blocks.isSigned());
  }

  @Override
  public void read(int line, int count, int first, int width, float[] out) {
    Line own = LINE.get();
    int block = blocks.format().block();
    for (int k = line; k < line + count; k++) {
      if (k == line || k % block == 0) {
        grid(k / block * (long) blocks.columns() + first, width, own);
      }
      codes.unpack(k * (long) blocks.columns() + first, width, own.codes);
      decode(own, width, out, (k - line) * width);
    }
  }

  private void grid(long at, int width, Line own) {
    for (int i = 0; i < width; i++) {
      own.scales[i] = blocks.format().type().get(layout.scales(), at + i);
      own.zeros[i] =
          layout.zeroPoints().isEmpty()
              ? 0
              : Packed.single(layout.zeroPoints().get(), blocks.format().bits(), at + i)
                  - codes.shift();
    }
  }

  private static void decode(Line own, int width, float[] out, int at) {
    byte[] q = own.codes;
    float[] s = own.scales;
    float[] z = own.zeros;
    for (int i = 0; i < width; i += BYTE_COUNT) {
      ByteVector code = ByteVector.fromArray(BYTES, q, i);
      for (int part = 0; part < PARTS; part++) {
        int from = i + part * COUNT;
        FloatVector w = (FloatVector) code.convertShape(VectorOperators.B2F, FLOATS, part);
        w.sub(FloatVector.fromArray(FLOATS, z, from))
            .mul(FloatVector.fromArray(FLOATS, s, from))
            .intoArray(out, at + from);
      }
    }
  }
}
