package phiquant.trust;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command lines that an input goes through: looked at, quantized, run. */
record Commands(List<String> inspect, List<String> quantize, List<String> run) {
  private static final List<String> TARGETS =
      List.of(
          "gguf:Q4_K_M",
          "mlx:4bit,group=32",
          "onnx:int4",
          "openvino:int4,group=32",
          "gguf:Q4_0",
          "mlx:mxfp4",
          "onnx:fp16",
          "openvino:int8",
          "gguf:F16",
          "safetensors:bf16");

  /**
   * Those for one input.
   *
   * @param number which input; targets and options take turns
   * @param kind which of the family it is made of: engines do not take all
   * @param path what the commands are given
   * @param out where artifacts go, floats among them
   */
  static Commands of(int number, TinyKind kind, Path path, Path out) {
    List<String> inspect = new ArrayList<>(List.of("inspect", path.toString()));
    inspect.addAll(
        List.of(List.of("--json"), List.of("--tensors"), List.<String>of()).get(number % 3));
    List<String> quantize = new ArrayList<>(List.of("quantize", path.toString()));
    quantize.addAll(List.of("--to", "safetensors:f32", "--to", target(number, kind)));
    quantize.addAll(List.of("-o", out.toString(), "--name", "x", "--overwrite"));
    quantize.addAll(List.of("--threads", number % 4 == 0 ? "2" : "1"));
    List<String> run = new ArrayList<>(List.of("run", path.toString(), "-p", "Hi! Was ist das?"));
    run.addAll(List.of("-n", "1", "--threads", "1"));
    if (number % 2 == 0) {
      run.add("--raw");
    }
    return new Commands(inspect, quantize, run);
  }

  /** The one whose turn it is, or the next that is written for the kind. */
  private static String target(int number, TinyKind kind) {
    String target = TARGETS.get(number % TARGETS.size());
    return kind.isWrittenFor(target) ? target : target(number + 1, kind);
  }

  List<List<String>> all() {
    return List.of(inspect, quantize, run);
  }
}
