package phiquant.run.matrix.codes;

import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;

/**
 * A matrix of small codes, whatever they are packed as: rows are unpacked one by one to {@link
 * Codes}, which then multiply or decode them. So a format needs to say only how it is unpacked.
 */
public class CodedMatrix extends Matrix implements SmallCodes {
  private final Unpacking unpacking;

  public CodedMatrix(int rows, int columns, ActivationRounding rounding, Unpacking unpacking) {
    this(rows, columns, Needs.numbers(rounding), unpacking);
  }

  /** For a kernel that multiplies other forms of the numbers. */
  protected CodedMatrix(int rows, int columns, Needs needs, Unpacking unpacking) {
    super(rows, columns, needs);
    this.unpacking = unpacking;
  }

  @Override
  public final Unpacking unpacking() {
    return unpacking;
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    Codes codes = Codes.own(columns());
    for (int row = from; row < to; row++) {
      unpacking.unpack(row * (long) columns(), columns(), codes);
      y[yAt + row] = dot(codes, input);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    Codes codes = Codes.own(columns());
    for (int row = from; row < to; row++) {
      unpacking.unpack(row * (long) columns(), columns(), codes);
      for (int t = 0; t < tokens; t++) {
        y[t][yAt + row] = dot(codes, inputs[t]);
      }
    }
  }

  private float dot(Codes codes, Input input) {
    int columns = columns();
    boolean fine = unpacking.group() == 16;
    float sum = fine ? codes.dot16(input.x, columns) : codes.dot32(input.x, columns);
    if (unpacking.hasOffsets()) {
      sum +=
          fine
              ? codes.dotOffsets(0, input.sums16, columns / 16)
              : codes.dotOffsets(0, input.sums32, columns / 32);
    }
    return sum;
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    Codes codes = Codes.own(count);
    unpacking.unpack(row * (long) columns() + column, count, codes);
    codes.decode(count, unpacking.group(), unpacking.hasOffsets(), out, at);
  }
}
