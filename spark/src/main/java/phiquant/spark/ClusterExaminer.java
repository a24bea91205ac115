package phiquant.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.eval.Exam;
import phiquant.eval.Examined;
import phiquant.eval.Examiner;
import phiquant.eval.ReferenceWindow;
import phiquant.eval.Result;
import phiquant.eval.TensorError;
import phiquant.eval.WindowScores;
import phiquant.model.PhiModel;
import phiquant.run.Activations;

/**
 * Models run by all machines: windows are the tasks. What the original predicts in a window stays
 * on the disk of the machine that ran it, and artifacts are compared there; of a machine that is
 * lost it is made again. Scores of windows are added up in the order of the text, so that they do
 * not depend on who ran which.
 */
final class ClusterExaminer implements Examiner {
  /** Artifacts that are examined at a time, so that one's last tasks leave no cores idle. */
  private static final int AT_ONCE = 8;

  private final Cluster cluster;

  ClusterExaminer(Cluster cluster) {
    this.cluster = cluster;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public List<String> notices() {
    return List.of(
        "Speeds are those of one thread of a machine of the cluster that had other tasks too.");
  }

  @Override
  public List<Examined> examine(PhiModel original, List<Path> artifacts, Exam exam) {
    ModelSource source = ModelSource.of(original.checkpoint(), exam.ignored());
    ArtifactExam first = new ArtifactExam(source, exam);
    String name = Engine.modelName(original.checkpoint().path());
    int windows = exam.windows().length;
    List<Integer> numbers = IntStream.range(0, windows).boxed().toList();
    JavaRDD<ReferenceWindow> reference =
        cluster
            .spark()
            .parallelize(numbers, windows)
            .map(first::reference)
            .persist(StorageLevel.DISK_ONLY());
    try (ExecutorService drivers = Executors.newFixedThreadPool(AT_ONCE)) {
      Examined exact = original(first, name, reference);
      List<Future<Examined>> results = new ArrayList<>();
      for (Path artifact : artifacts) {
        results.add(drivers.submit(() -> artifact(artifact, source, exam, name, reference)));
      }
      List<Examined> all = new ArrayList<>(List.of(exact));
      for (Future<Examined> result : results) {
        all.add(outcome(result, drivers));
      }
      return all;
    } finally {
      reference.unpersist(false);
    }
  }

  private static Examined outcome(Future<Examined> result, ExecutorService drivers) {
    try {
      return result.get();
    } catch (InterruptedException e) {
      drivers.shutdownNow();
      throw new UserError("The evaluation was interrupted.", e);
    } catch (ExecutionException e) {
      drivers.shutdownNow();
      throw e.getCause() instanceof RuntimeException why ? why : new IllegalStateException(e);
    }
  }

  private Examined original(ArtifactExam exam, String name, JavaRDD<ReferenceWindow> reference) {
    cluster.describe(name + " in full precision, windows");
    List<WindowScores> windows = cluster.collect(reference.map(WindowScores::of));
    cluster.describe(name + " in full precision, answers");
    ArtifactExam.Told told =
        cluster.collect(one(exam).map(it -> it.ask(Activations.F32))).getFirst();
    return examined(List.of(windows), told, List.of());
  }

  private Examined artifact(
      Path path, ModelSource original, Exam exam, String name, JavaRDD<ReferenceWindow> reference) {
    ArtifactExam made = new ArtifactExam(source(path, exam), exam);
    String title = name + " → " + path.getFileName();
    List<List<WindowScores>> scores = new ArrayList<>();
    for (Activations activations : exam.activations()) {
      cluster.describe(
          "%s, windows, activations in %s".formatted(title, activations.name().toLowerCase()));
      scores.add(cluster.collect(reference.map(window -> made.run(activations, window))));
    }
    cluster.describe(title + ", answers");
    Activations first = exam.activations().getFirst();
    ArtifactExam.Told told = cluster.collect(one(made).map(it -> it.ask(first))).getFirst();
    cluster.describe(title + ", errors of weights");
    List<TensorError> errors = cluster.collect(one(made).map(it -> it.errors(original))).getFirst();
    return examined(scores, told, errors);
  }

  private JavaRDD<ArtifactExam> one(ArtifactExam exam) {
    return cluster.spark().parallelize(List.of(exam), 1);
  }

  private static ModelSource source(Path artifact, Exam exam) {
    try (Checkpoint opened = Ignored.without(Checkpoints.open(artifact), exam.ignored())) {
      return ModelSource.of(opened, exam.ignored());
    }
  }

  private static Examined examined(
      List<List<WindowScores>> windows, ArtifactExam.Told told, List<TensorError> errors) {
    double prefill = WindowScores.speed(windows.getFirst());
    return new Examined(
        windows.stream().map(WindowScores::sum).toList(),
        new Result.Costs(prefill, told.decode(), told.loadSeconds(), null),
        told.said(),
        errors);
  }
}
