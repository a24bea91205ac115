package phiquant.quant.ggml.codebook.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.ggml.codebook.Codebook;
import phiquant.quant.ggml.codebook.Neighbours;
import phiquant.quant.ggml.codebook.TernarySearch;

/** The nearest points of IQ1 with a neighbour in each lane, whose errors are the scalar form's. */
final class NearestTernary implements TernarySearch.Nearest {
  static final NearestTernary VECTOR = new NearestTernary();

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  private final short[] points;

  /** Where lists are, the levels of eight weights, two bits each; room for lanes behind. */
  private final int[] levels;

  private NearestTernary() {
    points = Neighbours.of(Codebook.IQ1).points();
    levels = new int[points.length + 64];
    for (int j = 0; j < points.length; j++) {
      for (int i = 0; i < 8 && points[j] < Codebook.IQ1.size(); i++) {
        levels[j] |= Codebook.IQ1.level(points[j], i) << 2 * i;
      }
    }
  }

  @Override
  public int find(int begin, float[] x, int from, float[] weights, int at, float scale, float[] v) {
    int length = points[begin];
    int least = Float.floatToRawIntBits(Float.MAX_VALUE);
    int best = 0;
    // Levels are 0, 1, 2, what they stand for one apart, exactly.
    float lowest = v[0];
    for (int j = 0; j < length; j += LANES) {
      IntVector rest = IntVector.fromArray(INTS, levels, begin + 1 + j);
      FloatVector error = FloatVector.zero(FLOATS);
      for (int i = 0; i < 8; i++) {
        // Says what it is; the package of numbers tells why.
        rest = (IntVector) INTS.vectorType().cast(rest);
        FloatVector level = (FloatVector) rest.and(3).convert(VectorOperators.I2F, 0);
        FloatVector difference = level.add(lowest).mul(scale).sub(x[from + i]);
        error = difference.mul(weights[at + i]).mul(difference).add(error);
        rest = rest.lanewise(VectorOperators.LSHR, 2);
      }
      // Errors are not negative, so that their bits have their order; of NaN, none is smallest.
      IntVector bits = error.reinterpretAsInts().and(Integer.MAX_VALUE);
      if (length - j < LANES) {
        bits = bits.blend(Integer.MAX_VALUE, INTS.indexInRange(j, length).not());
      }
      int smallest = bits.reduceLanes(VectorOperators.MIN);
      if (smallest < least) {
        least = smallest;
        best = j + bits.compare(VectorOperators.EQ, smallest).firstTrue();
      }
    }
    return points[begin + 1 + best];
  }
}
