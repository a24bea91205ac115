package phiquant.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.engine.Engine;
import phiquant.eval.Continuation;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;
import phiquant.eval.Scores;
import phiquant.eval.TensorError;
import phiquant.model.Role;

/** An evaluation with invented figures and hostile names, for the looks of a report only. */
final class Evaluations {
  private Evaluations() {}

  static Evaluation invented() {
    return new Evaluation(
        "the built-in text",
        8,
        256,
        "int8, f32",
        "checkpoint",
        2,
        "1.2.3",
        result("original", Engine.CHECKPOINT, 400, 0, 0),
        List.of(
            result("model-Q4_K_M.gguf", Engine.GGUF, 127, 0.13, 0.07),
            result("model-mlx-4bit", Engine.MLX, 111, 0.6, 0.1),
            result("model-onnx-int4", Engine.ONNX, 122, 0.5, 0.09),
            result("model-openvino-int4", Engine.OPENVINO, 149, 0.3, 0.06),
            result("<script>alert(1)</script>\u0001 & \"co\"", Engine.GGUF, 384, 2e-6, 0)),
        List.of("<i>A stray file</i> was not read."));
  }

  static Result result(String name, Engine kind, double megabytes, double kl, double error) {
    Scores scores = new Scores(28 + 10 * kl, kl, kl / 2, 5 * kl, 1 - kl / 3);
    List<TensorError> errors = new ArrayList<>();
    errors.add(new TensorError("embed", Role.EMBEDDING, -1, "Q6_K", error / 3, 0.1));
    for (int layer = 0; layer < 30; layer++) {
      for (Role role : List.of(Role.QKV, Role.ATTENTION_OUTPUT, Role.GATE_UP, Role.DOWN)) {
        errors.add(new TensorError(role + " " + layer, role, layer, "Q4_K", error, 0.1));
      }
    }
    return new Result(
        name,
        kind,
        (long) (1e6 * megabytes),
        megabytes / 24,
        Map.of("Q4_K", 90L, "Q6_K", 10L),
        scores,
        scores,
        new Result.Costs(500, 100, 0.2, 700_000_000L),
        error == 0 && kl == 0 ? List.of() : errors,
        List.of(new Continuation("What is 1 < 2?", "It is ", kl > 0.2 ? "<b>" : "", "true.")),
        kl > 0.5 ? List.of("Something to know.") : List.of(),
        "phiquant quantize original --to x -o out");
  }
}
