package phiquant.quant.grid;

import phiquant.quant.grid.GridRule.Reach;
import phiquant.quant.grid.GridRule.Zero;

/** The search with the Vector API, a group in each lane of a vector: see {@link GridLanes}. */
record VectorGridSearch(GridRule rule, int size, float[] importance) implements GridSearch {
  @Override
  public void improve(
      float[] x, int from, int count, int first, float[] scales, float[] offsets, int at) {
    GridLanes lanes = new GridLanes(rule, size);
    Reach[] reaches = rule.reaches().toArray(Reach[]::new);
    int groups = importance.length / size;
    for (int g = 0; g < count; g += GridLanes.LANES) {
      int some = Math.min(GridLanes.LANES, count - g);
      lanes.load(x, from + g * size, importance, (first + g) % groups, some);
      float[] scale = lanes.scales();
      float[] offset = lanes.offsets();
      for (int lane = 0; lane < GridLanes.LANES; lane++) {
        // Lanes beyond the last group repeat it; what they find is not used.
        int group = at + g + Math.min(lane, some - 1);
        scale[lane] = rule.type().round(scales[group]);
        offset[lane] = rounded(offsets[group]);
      }
      lanes.begin();
      for (Reach reach : reaches) {
        lanes.place(reach);
        lanes.fit();
      }
      for (int i = 0; i < GridRule.REFINEMENTS; i++) {
        lanes.again();
        lanes.fit();
      }
      for (int lane = 0; lane < GridLanes.LANES; lane++) {
        lanes.found()[lane] = rule.type().round(lanes.found()[lane]);
        lanes.origins()[lane] = rounded(lanes.origins()[lane]);
      }
      lanes.choose();
      System.arraycopy(scale, 0, scales, at + g, some);
      System.arraycopy(offset, 0, offsets, at + g, some);
    }
  }

  private float rounded(float offset) {
    return rule.zero() == Zero.FREE ? rule.type().round(offset) : offset;
  }
}
