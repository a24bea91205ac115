package phiquant.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Identity;
import phiquant.checkpoint.Ignored;
import phiquant.engine.Checkpoints;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.floats.Divergence;

/**
 * Runs models in this process, one after the other. The original runs only once: its predictions
 * are kept on the disk, for the next artifact as for the next day.
 */
final class AloneExaminer implements Examiner {
  private final Evaluator.Options options;

  AloneExaminer(Evaluator.Options options) {
    this.options = options;
  }

  @Override
  public int threads() {
    return options.threads();
  }

  @Override
  public List<Examined> examine(PhiModel original, List<Path> artifacts, Exam exam) {
    ReferenceCache cache = new ReferenceCache(options.cacheFolder(), options.cacheLimit());
    String key = key(original, exam);
    List<Examined> all = new ArrayList<>();
    all.add(cache.find(key).orElseGet(() -> runOriginal(original, exam, cache, key)));
    int vocabulary = original.config().vocabulary();
    try (Reference reference = Reference.open(cache.logits(key), exam.predicted(), vocabulary)) {
      for (Path artifact : artifacts) {
        all.add(runArtifact(original, artifact, exam, reference));
      }
    }
    cache.shrink();
    return all;
  }

  /** Of everything that the original's predictions depend on. */
  private static String key(PhiModel original, Exam exam) {
    Identity identity = new Identity().add("2 " + Version.NUMBER).add(original.checkpoint());
    for (int[] window : exam.windows()) {
      identity.add(window);
    }
    return identity.add(exam.ropeRule() + " " + Answers.PROMPTS).hex();
  }

  private Examined runOriginal(PhiModel original, Exam exam, ReferenceCache cache, String key) {
    Path path = original.checkpoint().path();
    begin(path, exam, 1);
    PeakMemory.reset();
    long start = System.nanoTime();
    // Opened again, so that its memory is given back and not counted with the artifacts'.
    try (Checkpoint again = open(path, exam);
        LanguageModel model = LanguageModel.of(again, exam.run(Activations.F32, threads()));
        Reference.Writer writer =
            new Reference.Writer(cache.logits(key), original.config().vocabulary())) {
      double seconds = (System.nanoTime() - start) / 1e9;
      Scores.Collector scores = new Scores.Collector(exam.predicted());
      double prefill =
          WindowRun.run(
              model,
              exam.windows(),
              options.progress(),
              (index, next, logits) -> {
                Divergence.normalize(logits);
                scores.add(new Divergence.Of(-logits[next], 0, true));
                writer.write(logits);
              });
      double decode = Speed.decode(model, exam.windows()[0], options.progress());
      List<int[]> said = exam.interview().ask(model, options.progress());
      writer.complete();
      Examined examined =
          new Examined(
              List.of(scores.scores()),
              new Result.Costs(prefill, decode, seconds, PeakMemory.read()),
              said,
              List.of());
      cache.keep(key, examined);
      return examined;
    } finally {
      options.progress().end();
    }
  }

  private Examined runArtifact(PhiModel original, Path path, Exam exam, Reference reference) {
    begin(path, exam, exam.activations().size());
    PeakMemory.reset();
    long start = System.nanoTime();
    try (Checkpoint checkpoint = open(path, exam)) {
      List<Scores> scores = new ArrayList<>();
      List<int[]> said = List.of();
      Result.Costs costs = null;
      for (Activations activations : exam.activations()) {
        try (LanguageModel model = LanguageModel.of(checkpoint, exam.run(activations, threads()))) {
          double seconds = (System.nanoTime() - start) / 1e9;
          Scores.Collector collector = new Scores.Collector(exam.predicted());
          float[] exact = new float[original.config().vocabulary()];
          double prefill =
              WindowRun.run(
                  model,
                  exam.windows(),
                  options.progress(),
                  (index, next, logits) -> {
                    reference.read(index, exact);
                    collector.add(Divergence.of(exact, logits, next));
                  });
          scores.add(collector.scores());
          if (costs == null) {
            double decode = Speed.decode(model, exam.windows()[0], options.progress());
            said = exam.interview().ask(model, options.progress());
            costs = new Result.Costs(prefill, decode, seconds, PeakMemory.read());
          }
        }
      }
      return new Examined(scores, costs, said, errors(original, Family.model(checkpoint), exam));
    } finally {
      options.progress().end();
    }
  }

  private List<TensorError> errors(PhiModel original, PhiModel artifact, Exam exam) {
    EvaluationProgress progress = options.progress();
    progress.end();
    long weights = original.weights().stream().filter(weight -> !weight.bias()).count();
    progress.begin(Evaluator.name(artifact.checkpoint().path()), weights, "weights");
    try (Checkpoint exact = open(original.checkpoint().path(), exam)) {
      return TensorError.of(Family.model(exact), artifact, progress);
    }
  }

  private static Checkpoint open(Path model, Exam exam) {
    return Ignored.without(Checkpoints.open(model), exam.ignored());
  }

  /** Steps are tokens: of the windows as often as they are run, and those that are decoded. */
  private void begin(Path path, Exam exam, int times) {
    int window = exam.windows()[0].length;
    long tokens =
        (long) times * exam.windows().length * window
            + Speed.tokens(window)
            + exam.interview().tokens();
    options.progress().begin(Evaluator.name(path), tokens, "tokens");
  }
}
