package phiquant.pipeline.feedback;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.grid.GridFormat;

/** A planned tensor whose rows are written before the pass, which then copies them. */
final class RoundedTensor {
  private final PlannedTensor planned;
  private final GridFormat format;
  private final List<MemorySegment> parts = new ArrayList<>();

  RoundedTensor(PlannedTensor planned, GridFormat format, Scratch scratch) {
    this.planned = planned;
    this.format = format;
    long groups = Math.ceilDiv(planned.source().rows(), (long) planned.encoder().rowMultiple());
    for (Part part : planned.parts()) {
      parts.add(scratch.allocate(groups * part.groupBytes()));
    }
  }

  /** Whether a planned tensor can be made so. */
  static boolean fits(PlannedTensor planned) {
    int multiple = planned.encoder().rowMultiple();
    return planned.source().shape().size() == 2
        && !planned.transposed()
        && planned.encoder().grid().isPresent()
        && SourceRows.of(planned.source()).stream().allMatch(rows -> rows.at() % multiple == 0);
  }

  PlannedTensor planned() {
    return planned;
  }

  GridFormat format() {
    return format;
  }

  /**
   * Writes rows.
   *
   * @param first the planned row that they begin with: a multiple of the encoder's, and so is their
   *     number, but for the tensor's last rows
   */
  void write(GridFormat.Rows rows, long first) {
    format.write(rows, slices(first, rows.rows()));
  }

  private MemorySegment[] slices(long first, int rows) {
    int multiple = planned.encoder().rowMultiple();
    MemorySegment[] slices = new MemorySegment[parts.size()];
    for (int i = 0; i < slices.length; i++) {
      long bytes = planned.parts().get(i).groupBytes();
      slices[i] =
          parts
              .get(i)
              .asSlice(first / multiple * bytes, Math.ceilDiv(rows, (long) multiple) * bytes);
    }
    return slices;
  }

  /** The planned tensor, to be copied. */
  PlannedTensor copied() {
    RowEncoder plain = planned.encoder();
    RowEncoder copy =
        new RowEncoder() {
          @Override
          public int rowMultiple() {
            return plain.rowMultiple();
          }

          @Override
          public void encode(float[] x, int rows, int columns, MemorySegment[] out) {
            encode(x, 0, rows, columns, out);
          }

          @Override
          public void encode(float[] x, long first, int rows, int columns, MemorySegment[] out) {
            MemorySegment[] written = slices(first, rows);
            for (int i = 0; i < out.length; i++) {
              out[i].copyFrom(written[i].asSlice(0, out[i].byteSize()));
            }
          }
        };
    return new PlannedTensor(
        planned.name(),
        planned.format(),
        planned.shape(),
        planned.bytes(),
        planned.source(),
        planned.transposed(),
        copy,
        planned.parts());
  }
}
