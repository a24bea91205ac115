package phiquant.bench;

import java.io.IOException;
import java.util.List;

/** {@link QualityTable} of ONNX Runtime GenAI on the CPU. */
public final class OnnxPerplexity {
  private static final List<String> SPECS =
      List.of(
          "fp16",
          "int8",
          "int8,block_size=128",
          "int4",
          "int4,is_symmetric=false",
          "int4,block_size=128",
          "int4,block_size=128,is_symmetric=false",
          "int4,algo_config=rtn",
          "int4,algo_config=k_quant",
          "int4,matmul_mixed_precision=last_matmul:int8",
          "int4,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8",
          "int4,algo_config=k_quant,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8",
          "int4,embedding=int8",
          "mobile");

  private OnnxPerplexity() {}

  /** The arguments are a text file and precisions or folders; none: usual ones. */
  public static void main(String[] args) throws IOException {
    new QualityTable("onnx", "precision", List.of("model.onnx", "model.onnx.data"))
        .print(args, SPECS);
  }
}
