package phiquant.engine.onnx.writer.npu;

/**
 * How layers are shared out among graphs that run one after the other: as evenly as whole layers
 * allow. What the graphs and what goes from one to the next are called follows from that.
 *
 * @param layers of the network
 * @param count of graphs
 */
public record LayerParts(int layers, int count) {
  /** The first layer of a part; of the one behind the last, how many there are. */
  public int first(int part) {
    return (int) ((long) layers * part / count);
  }

  /** The name of a part's graph, which is plain if it is the only one. */
  public String name(String graph, int part) {
    return count == 1 ? graph : graph + "-" + (part + 1);
  }

  /** What a part's stream comes in as. */
  public String input(int part) {
    return part == 0 ? NpuGraphs.EMBEDDED : NpuGraphs.STREAM + "." + part;
  }

  /** What it goes out as. */
  public String output(int part) {
    return part == count - 1 ? NpuGraphs.STREAM : input(part + 1);
  }
}
