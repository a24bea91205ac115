package phiquant.bench;

import java.io.IOException;
import java.util.List;

/**
 * {@link QualityTable} of graphs for Qualcomm's HTP, in its simulator, beside the CPU's: one
 * window, because a pass through the simulator takes a minute. Head and embedding are the CPU's.
 */
public final class NpuPerplexity {
  private static final String SIZES = ",device=npu,prompt=64,context=256";

  private static final List<String> SPECS =
      List.of(
          "int4",
          "int4" + SIZES,
          "int4,activations=static" + SIZES,
          "int4,activations=static,cache_bits=8" + SIZES,
          "int8,activations=static" + SIZES);

  private NpuPerplexity() {}

  /** The arguments are a text file and precisions or folders; none: usual ones. */
  public static void main(String[] args) throws IOException {
    List<String> files = List.of("model.onnx.data", "embedding.onnx.data");
    new QualityTable("npu", "precision", files, 1).print(args, SPECS);
  }
}
