package phiquant.quant.matmulnbits;

/**
 * {@link KQuant} for as many blocks at once as a vector has lanes: the search by {@link
 * KQuantLanes}, codes one block after the other.
 */
final class VectorKQuant implements Blocks {
  @Override
  public void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] codes,
      float[] scales,
      int[] zeroPoints,
      int at) {
    int block = format.block();
    KQuantLanes lanes = new KQuantLanes(block, format.top());
    for (int first = 0; first < count; first += KQuantLanes.LANES) {
      int some = Math.min(KQuantLanes.LANES, count - first);
      lanes.search(x, from + first * block, some);
      for (int b = first; b < first + some; b++) {
        float scale = lanes.scale(b - first);
        scales[at + b] = scale;
        zeroPoints[at + b] = RoundToNearest.code(-lanes.minimum(b - first) / scale, format.top());
        VectorRoundToNearest.codes(
            format, x, from + b * block, scale, zeroPoints[at + b], codes, b * block);
      }
    }
  }
}
