package phiquant.bench;

import java.io.IOException;
import java.util.List;

/** {@link QualityTable} of OpenVINO with f32 cache and activations. */
public final class OpenVinoPerplexity {
  private static final List<String> SPECS =
      List.of(
          "fp16",
          "int8",
          "int8,sym",
          "int4,sym,ratio=0.6",
          "int4,sym",
          "int4",
          "int4,group=64",
          "int4,sym,layers=all",
          "int4,layers=all",
          "nf4",
          "mxfp4");

  private OpenVinoPerplexity() {}

  /**
   * The arguments are a text file, and formats ({@code int4,sym}) or IR folders; none: usual ones.
   */
  public static void main(String[] args) throws IOException {
    new QualityTable("openvino", "format", List.of("openvino_model.bin")).print(args, SPECS);
  }
}
