package phiquant.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import phiquant.CacheFolder;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.Identity;
import phiquant.checkpoint.Ignored;
import phiquant.checkpoint.StoredFormats;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;
import phiquant.engine.gguf.GgufFileName;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.floats.Divergence;
import phiquant.tokenizer.Tokenizer;

/**
 * Compares artifacts with the original that they were made from: runs every one on the same windows
 * of text with one engine, in one process, one after the other. The original runs with f32
 * activations and an f32 cache, and only once: its predictions are kept.
 */
public final class Evaluator {
  /**
   * How to compare.
   *
   * @param windows how many
   * @param window tokens of each
   * @param activations with which artifacts run; with two, the first is what scores are called
   * @param ropeRule for all models
   * @param threads that compute
   * @param ignored tensors that are left out of every model, found anywhere in their names
   * @param cacheFolder where the original's predictions are kept
   * @param cacheLimit bytes that are kept there
   * @param progress is told how far it is
   */
  public record Options(
      int windows,
      int window,
      List<Activations> activations,
      LongRopeRule ropeRule,
      int threads,
      List<Pattern> ignored,
      Path cacheFolder,
      long cacheLimit,
      EvaluationProgress progress) {

    /** Both activations, all processors, 8 GB of cache. */
    public static Options of(int windows, int window) {
      return new Options(
          windows,
          window,
          List.of(Activations.INT8, Activations.F32),
          LongRopeRule.CHECKPOINT,
          Runtime.getRuntime().availableProcessors(),
          List.of(),
          CacheFolder.of("eval"),
          8_000_000_000L,
          EvaluationProgress.NONE);
    }

    /** Opens a model without what is left out. */
    private Checkpoint open(Path model) {
      return Ignored.without(Checkpoints.open(model), ignored);
    }
  }

  private final Options options;
  private final PhiModel original;
  private final Windows windows;
  private final Answers answers;
  private final EvaluationText text;
  private final Tokenizer tokenizer;

  private Evaluator(PhiModel original, Tokenizer tokenizer, EvaluationText text, Options options) {
    this.original = original;
    this.tokenizer = tokenizer;
    this.text = text;
    this.options = options;
    int limit = original.config().contextLength();
    if (options.window() > limit) {
      throw UserError.usage(
          "A window of " + options.window() + " tokens is over this model's limit, " + limit + ".");
    }
    this.windows =
        Windows.cut(text, tokenizer.encode(text.text()), options.windows(), options.window());
    this.answers = new Answers(original.checkpoint(), tokenizer, limit);
  }

  /**
   * Compares.
   *
   * @param original a checkpoint in full precision
   * @param artifacts made from it
   * @throws UserError if an artifact is damaged or of another model, or the text is too short
   */
  public static Evaluation evaluate(
      Path original, List<Path> artifacts, EvaluationText text, Options options) {
    try (Checkpoint checkpoint = options.open(original)) {
      PhiModel model = Family.model(checkpoint);
      Set<String> notices = new LinkedHashSet<>(model.notices());
      // What cannot be compared is refused before anything is run.
      for (Path artifact : artifacts) {
        try (Checkpoint other = options.open(artifact)) {
          PhiModel made = Family.model(other);
          SameModel.check(model, made);
          notices.addAll(made.notices());
          Engine.of(other).departure(made).ifPresent(notices::add);
        }
      }
      try (Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
        return new Evaluator(model, tokenizer, text, options)
            .evaluate(artifacts, List.copyOf(notices));
      }
    }
  }

  private Evaluation evaluate(List<Path> artifacts, List<String> notices) {
    ReferenceCache cache = new ReferenceCache(options.cacheFolder(), options.cacheLimit());
    String key = key();
    ReferenceCache.Kept first = cache.find(key).orElseGet(() -> runOriginal(cache, key));
    List<Result> results = new ArrayList<>();
    try (Reference reference =
        Reference.open(cache.logits(key), windows.predicted(), original.config().vocabulary())) {
      for (Path artifact : artifacts) {
        results.add(runArtifact(artifact, first, reference));
      }
    }
    cache.shrink();
    return new Evaluation(
        text.name(),
        windows.count(),
        windows.length(),
        names(options.activations()),
        options.ropeRule().name().toLowerCase(Locale.ROOT),
        options.threads(),
        Version.NUMBER,
        first.result(),
        results,
        notices);
  }

  /** Of everything that the original's predictions depend on. */
  private String key() {
    Identity identity = new Identity().add("1 " + Version.NUMBER).add(original.checkpoint());
    for (int[] window : windows.tokens()) {
      identity.add(window);
    }
    return identity.add(options.ropeRule() + " " + Answers.PROMPTS).hex();
  }

  private ReferenceCache.Kept runOriginal(ReferenceCache cache, String key) {
    int vocabulary = original.config().vocabulary();
    Checkpoint checkpoint = original.checkpoint();
    begin(checkpoint.path(), 1);
    PeakMemory.reset();
    long start = System.nanoTime();
    // Opened again, so that its memory is given back and not counted with the artifacts'.
    try (Checkpoint again = options.open(checkpoint.path());
        LanguageModel model = LanguageModel.of(again, run(Activations.F32));
        Reference.Writer writer = new Reference.Writer(cache.logits(key), vocabulary)) {
      double seconds = (System.nanoTime() - start) / 1e9;
      Scores.Collector scores = new Scores.Collector(windows.predicted());
      double prefill =
          WindowRun.run(
              model,
              windows,
              options.progress(),
              (index, next, logits) -> {
                Divergence.normalize(logits);
                scores.add(new Divergence.Of(-logits[next], 0, true));
                writer.write(logits);
              });
      double decode = Speed.decode(model, windows.tokens()[0], options.progress());
      List<int[]> said = answers.ask(model, options.progress());
      writer.complete();
      Result result =
          result(
              original,
              scores.scores(),
              scores.scores(),
              new Result.Costs(prefill, decode, seconds, PeakMemory.read()),
              List.of(),
              answers.compare(said, said),
              null);
      ReferenceCache.Kept kept = new ReferenceCache.Kept(result, said);
      cache.keep(key, kept);
      return kept;
    } finally {
      options.progress().end();
    }
  }

  private Result runArtifact(Path path, ReferenceCache.Kept first, Reference reference) {
    begin(path, options.activations().size());
    PeakMemory.reset();
    long start = System.nanoTime();
    try (Checkpoint checkpoint = options.open(path)) {
      PhiModel artifact = Family.model(checkpoint);
      List<Scores> scores = new ArrayList<>();
      List<int[]> said = List.of();
      Result.Costs costs = null;
      for (Activations activations : options.activations()) {
        try (LanguageModel model = LanguageModel.of(checkpoint, run(activations))) {
          double seconds = (System.nanoTime() - start) / 1e9;
          Scores.Collector collector = new Scores.Collector(windows.predicted());
          float[] exact = new float[original.config().vocabulary()];
          double prefill =
              WindowRun.run(
                  model,
                  windows,
                  options.progress(),
                  (index, next, logits) -> {
                    reference.read(index, exact);
                    collector.add(Divergence.of(exact, logits, next));
                  });
          scores.add(collector.scores());
          if (costs == null) {
            double decode = Speed.decode(model, windows.tokens()[0], options.progress());
            said = answers.ask(model, options.progress());
            costs = new Result.Costs(prefill, decode, seconds, PeakMemory.read());
          }
        }
      }
      int exact = options.activations().indexOf(Activations.F32);
      return result(
          artifact,
          scores.get(0),
          exact < 0 ? null : scores.get(exact),
          costs,
          errors(artifact, path),
          answers.compare(first.answers(), said),
          Recreate.command(checkpoint, original.checkpoint()).orElse(null));
    } finally {
      options.progress().end();
    }
  }

  private List<TensorError> errors(PhiModel artifact, Path path) {
    EvaluationProgress progress = options.progress();
    progress.end();
    long weights = original.weights().stream().filter(weight -> !weight.bias()).count();
    progress.begin(name(path), weights, "weights");
    try (Checkpoint exact = options.open(original.checkpoint().path())) {
      return TensorError.of(Family.model(exact), artifact, progress);
    }
  }

  private Result result(
      PhiModel model,
      Scores scores,
      Scores exactScores,
      Result.Costs costs,
      List<TensorError> errors,
      List<Continuation> answers,
      String command) {
    Checkpoint checkpoint = model.checkpoint();
    Engine kind = Engine.of(checkpoint);
    StoredFormats stored = StoredFormats.of(checkpoint);
    return new Result(
        name(checkpoint.path()),
        kind,
        ArtifactSize.of(checkpoint.path()),
        8.0 * stored.bytes() / original.parameters(),
        stored.shares(),
        scores,
        exactScores,
        costs,
        errors,
        answers,
        warnings(kind, model),
        command);
  }

  /** The file's or folder's name; a split model's is that of the whole. */
  private static String name(Path artifact) {
    return GgufFileName.whole(CheckpointName.of(artifact));
  }

  private List<String> warnings(Engine kind, PhiModel model) {
    List<String> warnings = new ArrayList<>();
    RopeWarnings.of(kind, model.config()).ifPresent(warnings::add);
    if (model.checkpoint().calibratedOn().contains(text.name())) {
      warnings.add(
          "It was calibrated on a text of this name: on others it may have lost more than the"
              + " figures say.");
    }
    if (model != original && model.checkpoint().file("tokenizer.json").isPresent()) {
      try (Tokenizer own = Tokenizer.of(model.checkpoint())) {
        int at = Arrays.mismatch(tokenizer.encode(text.text()), own.encode(text.text()));
        if (at >= 0) {
          warnings.add(
              "Its own tokenizer cuts the text otherwise from token "
                  + at
                  + " on; it was given the original's tokens.");
        }
      }
    }
    return warnings;
  }

  /** Steps are tokens: of the windows as often as they are run, and those that are decoded. */
  private void begin(Path path, int times) {
    int window = windows.length();
    long tokens = (long) times * windows.count() * window + Speed.tokens(window) + answers.tokens();
    options.progress().begin(name(path), tokens, "tokens");
  }

  private RunOptions run(Activations activations) {
    return new RunOptions(options.threads(), activations, options.ropeRule(), CacheType.F32);
  }

  private static String names(List<Activations> activations) {
    return String.join(
        ", ", activations.stream().map(one -> one.name().toLowerCase(Locale.ROOT)).toList());
  }
}
