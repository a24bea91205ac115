package phiquant.run.matrix.codes;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;
import static phiquant.run.matrix.Lanes.PARTS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A row of quantized weights on its way from memory to the sum, in the form that all formats have
 * in common: a signed byte for each weight, and a scale and perhaps an offset for each group,
 * {@code w = code · scale + offset}. Small enough to stay in the first-level cache.
 */
public final class Codes {
  private static final ThreadLocal<Codes> OWN = ThreadLocal.withInitial(Codes::new);

  /** One for each weight. */
  public byte[] codes = new byte[0];

  /** One for each group, and room for a vector. */
  public float[] scales = new float[0];

  /** One for each group, if the format has them; room for a few more. */
  public float[] offsets = new float[0];

  /** One for each group of a format whose groups may be longer, before it is spread. */
  public float[] groupScales = new float[0];

  /** The same of offsets. */
  public float[] groupOffsets = new float[0];

  /** Those of a group of 128 on their way, two each. */
  public float[] twice = new float[0];

  private Codes() {}

  /** The calling thread's own, with room for that many weights. */
  public static Codes own(int weights) {
    Codes own = OWN.get();
    if (own.codes.length < weights) {
      own.codes = new byte[weights];
      own.scales = new float[weights / 16 + 32];
      own.offsets = new float[weights / 16 + 32];
      own.groupScales = new float[weights / 32 + 16];
      own.groupOffsets = new float[weights / 32 + 16];
      own.twice = new float[weights / 32 + 32];
    }
    return own;
  }

  /** {@code Σ_groups scale · Σ code · x} for groups of 32. */
  public float dot32(float[] x, int count) {
    byte[] q = codes;
    float[] s = scales;
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int k = 0; k < count; k += 32) {
      FloatVector group = FloatVector.zero(FLOATS);
      for (int i = 0; i < 32; i += BYTE_COUNT) {
        ByteVector code = ByteVector.fromArray(BYTES, q, k + i);
        for (int part = 0; part < PARTS; part++) {
          FloatVector w = (FloatVector) code.convertShape(VectorOperators.B2F, FLOATS, part);
          group = w.fma(FloatVector.fromArray(FLOATS, x, k + i + part * COUNT), group);
        }
      }
      sum = group.fma(FloatVector.broadcast(FLOATS, s[k >> 5]), sum);
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }

  /** The same for groups of 16. */
  public float dot16(float[] x, int count) {
    byte[] q = codes;
    float[] s = scales;
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int k = 0; k < count; k += 16) {
      FloatVector group = FloatVector.zero(FLOATS);
      for (int i = 0; i < 16; i += BYTE_COUNT) {
        ByteVector code = ByteVector.fromArray(BYTES, q, k + i);
        for (int part = 0; part < PARTS; part++) {
          FloatVector w = (FloatVector) code.convertShape(VectorOperators.B2F, FLOATS, part);
          group = w.fma(FloatVector.fromArray(FLOATS, x, k + i + part * COUNT), group);
        }
      }
      sum = group.fma(FloatVector.broadcast(FLOATS, s[k >> 4]), sum);
    }
    return sum.reduceLanes(VectorOperators.ADD);
  }

  /** {@code Σ_groups offset · Σ x}, the sums given, with offsets from the given one on. */
  public float dotOffsets(int from, float[] sums, int groups) {
    int done = FLOATS.loopBound(groups);
    FloatVector sum = FloatVector.zero(FLOATS);
    for (int g = 0; g < done; g += COUNT) {
      FloatVector offset = FloatVector.fromArray(FLOATS, offsets, from + g);
      sum = offset.fma(FloatVector.fromArray(FLOATS, sums, g), sum);
    }
    float rest = 0;
    for (int g = done; g < groups; g++) {
      rest += offsets[from + g] * sums[g];
    }
    return sum.reduceLanes(VectorOperators.ADD) + rest;
  }

  /** The weights as floats. */
  public void decode(int count, int group, boolean hasOffsets, float[] out, int at) {
    byte[] q = codes;
    for (int k = 0; k < count; k += group) {
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[k / group]);
      FloatVector offset = FloatVector.broadcast(FLOATS, hasOffsets ? offsets[k / group] : 0);
      for (int i = k; i < k + group; i += BYTE_COUNT) {
        ByteVector code = ByteVector.fromArray(BYTES, q, i);
        for (int part = 0; part < PARTS; part++) {
          FloatVector w = (FloatVector) code.convertShape(VectorOperators.B2F, FLOATS, part);
          w.fma(scale, offset).intoArray(out, at + i + part * COUNT);
        }
      }
    }
  }
}
