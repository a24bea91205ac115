package phiquant.spark;

import java.io.Serializable;
import java.util.List;
import phiquant.checkpoint.Checkpoint;
import phiquant.eval.EvaluationProgress;
import phiquant.eval.Exam;
import phiquant.eval.ReferenceWindow;
import phiquant.eval.Speed;
import phiquant.eval.TensorError;
import phiquant.eval.WindowScores;
import phiquant.model.phi.Family;
import phiquant.run.Activations;

/**
 * What tasks of an evaluation do with a model: run a window, ask it the questions, or decode its
 * weights beside the original's. Each is done by one thread of whichever machine is free.
 *
 * @param source the model
 * @param exam what it is asked
 */
record ArtifactExam(ModelSource source, Exam exam) implements Serializable {
  /**
   * What does not depend on windows.
   *
   * @param said the answers
   * @param decode tokens per second one by one
   * @param loadSeconds until the model could run
   */
  record Told(List<int[]> said, double decode, double loadSeconds) implements Serializable {}

  /** The original in a window. */
  ReferenceWindow reference(int window) {
    return ModelBench.with(
        source,
        exam.run(Activations.F32, 1),
        model -> ReferenceWindow.of(model, exam.windows()[window]));
  }

  /** An artifact in a window. */
  WindowScores run(Activations activations, ReferenceWindow reference) {
    return ModelBench.with(
        source, exam.run(activations, 1), model -> WindowScores.of(model, reference));
  }

  /** Its answers, and how fast it gives them. */
  Told ask(Activations activations) {
    long start = System.nanoTime();
    return ModelBench.with(
        source,
        exam.run(activations, 1),
        model -> {
          double seconds = (System.nanoTime() - start) / 1e9;
          double decode = Speed.decode(model, exam.windows()[0], EvaluationProgress.NONE);
          List<int[]> said = exam.interview().ask(model, EvaluationProgress.NONE);
          return new Told(said, decode, seconds);
        });
  }

  /** How far its weights are from the original's. */
  List<TensorError> errors(ModelSource original) {
    try (Checkpoint exact = original.open();
        Checkpoint artifact = source.open()) {
      return TensorError.of(Family.model(exact), Family.model(artifact), EvaluationProgress.NONE);
    }
  }
}
