package phiquant.run.matrix.grouped;

import static phiquant.run.matrix.Lanes.EIGHT;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PACKED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Needs;
import phiquant.run.matrix.codes.CodedMatrix;
import phiquant.run.matrix.codes.Codes;

/**
 * Codes of four bits in the order of the weights, with scales in a tensor of their own, multiplied
 * as they lie: of eight codes in an int, masks leave one each, {@code code · 16^j}, and what it is
 * multiplied with makes up for its place ({@link Input#planes}). Two distant rows are multiplied at
 * once, for the reasons that plain matrices have for four.
 */
final class NibbleMatrix extends CodedMatrix {
  /**
   * Ints of a vector: eight, or four with 128 bits, so that rows of odd lengths have whole ones.
   */
  private static final int LANES = PACKED.length();

  /** Weights of a vector; columns are a multiple. */
  static final int STEP = 8 * LANES;

  /** Of a vector of scales, of 32 weights each, the one for each int. */
  private static final VectorShuffle<Float> SPREAD = VectorShuffle.fromOp(EIGHT, lane -> lane / 4);

  private final GroupCodes codes;

  NibbleMatrix(int rows, int columns, ActivationRounding rounding, GroupCodes codes) {
    super(rows, columns, Needs.planes(rounding), codes);
    this.codes = codes;
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    MemorySegment in = codes.packed();
    MemorySegment planes = input.planes;
    // In two's complement, 8 more than a code is the code with its sign turned.
    int flip = codes.signed() ? 0x88888888 : 0;
    int excess = codes.signed() ? 8 : 0;
    int columns = columns();
    int groups = columns / 32;
    Codes own = Codes.own(columns);
    int apart = Math.ceilDiv(to - from, 2);
    for (int row = from; row < from + apart; row++) {
      int row1 = Math.min(row + apart, to - 1);
      codes.scales(row * (long) columns, columns, excess, own, 0);
      codes.scales(row1 * (long) columns, columns, excess, own, groups);
      float[] scales = own.scales;
      long at = row * (columns / 2L);
      long at1 = row1 * (columns / 2L);
      Cuts.survive(in, at);
      FloatVector sum = FloatVector.zero(EIGHT);
      FloatVector sum1 = FloatVector.zero(EIGHT);
      // Not "<", so that C2 does not unroll it.
      for (int k = 0; k != columns / 2; k += STEP / 2) {
        IntVector q =
            IntVector.fromMemorySegment(PACKED, in, at + k, ORDER)
                .lanewise(VectorOperators.XOR, flip);
        IntVector q1 =
            IntVector.fromMemorySegment(PACKED, in, at1 + k, ORDER)
                .lanewise(VectorOperators.XOR, flip);
        FloatVector last = FloatVector.fromMemorySegment(EIGHT, planes, 8L * k + 28 * LANES, ORDER);
        FloatVector part =
            last.mul(
                (FloatVector)
                    q.lanewise(VectorOperators.LSHR, 28)
                        .convertShape(VectorOperators.I2F, EIGHT, 0));
        FloatVector part1 =
            last.mul(
                (FloatVector)
                    q1.lanewise(VectorOperators.LSHR, 28)
                        .convertShape(VectorOperators.I2F, EIGHT, 0));
        for (int j = 0; j < 7; j++) {
          FloatVector x =
              FloatVector.fromMemorySegment(EIGHT, planes, 8L * k + 4 * LANES * j, ORDER);
          part =
              x.fma(
                  (FloatVector) q.and(15 << 4 * j).convertShape(VectorOperators.I2F, EIGHT, 0),
                  part);
          part1 =
              x.fma(
                  (FloatVector) q1.and(15 << 4 * j).convertShape(VectorOperators.I2F, EIGHT, 0),
                  part1);
        }
        sum = part.fma(FloatVector.fromArray(EIGHT, scales, k / 16).rearrange(SPREAD), sum);
        sum1 =
            part1.fma(
                FloatVector.fromArray(EIGHT, scales, groups + k / 16).rearrange(SPREAD), sum1);
      }
      y[yAt + row] = sum.reduceLanes(VectorOperators.ADD) + own.dotOffsets(0, input.sums32, groups);
      y[yAt + row1] =
          sum1.reduceLanes(VectorOperators.ADD) + own.dotOffsets(groups, input.sums32, groups);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    multiplyInTurn(from, to, inputs, tokens, y, yAt);
  }
}
