package phiquant;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.checkpoint.lora.WithAdapters;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Record;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.importance.CalibrationText;
import phiquant.importance.Sequences;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.pipeline.Pass;
import phiquant.pipeline.Places;
import phiquant.pipeline.Progress;
import phiquant.pipeline.RecipesBeside;
import phiquant.pipeline.Way;
import phiquant.pipeline.feedback.ErrorFeedback;
import phiquant.pipeline.study.Studies;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.Study;
import phiquant.tokenizer.ChatTemplate;
import phiquant.tokenizer.Tokenizer;

/**
 * Quantizes a checkpoint for one or more engines in one pass over its weights:
 *
 * <pre>{@code
 * try (Checkpoint checkpoint = Checkpoints.open(Path.of("Phi-3.5-mini-instruct"))) {
 *   Quantize.of(checkpoint).to("gguf:Q4_K_M").to("mlx:4bit").into(Path.of("out"));
 * }
 * }</pre>
 */
public final class Quantize {
  /**
   * The option of targets that says how weights are rounded: to nearest, or with error feedback.
   */
  private static final String ROUND = "round";

  private final Checkpoint checkpoint;
  private final List<Pattern> ignored = new ArrayList<>();
  private final List<Target> targets = new ArrayList<>();
  private final Set<Target> fedBack = new LinkedHashSet<>();
  private final List<LoraFactors> adapters = new ArrayList<>();
  private String name;
  private int threads = Runtime.getRuntime().availableProcessors();
  private boolean overwrite;
  private boolean allowNonFinite;
  private Progress progress = Progress.NONE;
  private Way way = Way.HERE;
  private Optional<Path> findings = Optional.empty();
  private CalibrationText text = CalibrationText.builtIn();
  private PhiModel model;

  private Quantize(Checkpoint checkpoint) {
    this.checkpoint = checkpoint;
    this.name = Engine.modelName(checkpoint.path());
  }

  /** Begins with a checkpoint, which stays open for the caller to close. */
  public static Quantize of(Checkpoint checkpoint) {
    return new Quantize(checkpoint);
  }

  /**
   * Adds a target, such as {@code gguf:Q4_K_M} or {@code mlx:4bit,group=32}.
   *
   * @throws UserError if there is no such target
   */
  public Quantize to(String spec) {
    TargetSpec parsed = TargetSpec.parse(spec);
    Target target = Engine.target(parsed.without(ROUND));
    targets.add(target);
    String round = parsed.options().getOrDefault(ROUND, "nearest");
    if (!round.matches("nearest|gptq")) {
      throw UserError.usage("round=" + round + "; it can be nearest or gptq.");
    }
    if (round.equals("gptq")) {
      fedBack.add(target);
    }
    return this;
  }

  /** The text that {@code round=gptq} reads, instead of the built-in one. */
  public Quantize text(CalibrationText text) {
    this.text = text;
    return this;
  }

  /**
   * Adds an adapter that is written beside the model's artifacts, once for each engine, as the
   * engine loads it; it stays open for the caller to close.
   *
   * @throws UserError (usage) if another has its name
   */
  public Quantize beside(LoraFactors adapter) {
    if (adapters.stream().anyMatch(other -> other.name().equals(adapter.name()))) {
      throw UserError.usage("Two adapters are called " + adapter.name() + ": rename a folder.");
    }
    adapters.add(adapter);
    return this;
  }

  /** The model's name, from which artifacts get theirs; by default the checkpoint's file name. */
  public Quantize named(String name) {
    this.name = name;
    return this;
  }

  /**
   * Leaves out tensors that the architecture does not call for, instead of refusing the checkpoint.
   *
   * @param regex found anywhere in their names
   * @throws java.util.regex.PatternSyntaxException if it is none
   */
  public Quantize ignoring(String regex) {
    ignored.add(Pattern.compile(regex));
    model = null;
    return this;
  }

  /** How many threads work; by default all that the machine has. */
  public Quantize threads(int threads) {
    this.threads = threads;
    return this;
  }

  /** Replaces artifacts that exist already. */
  public Quantize overwrite(boolean overwrite) {
    this.overwrite = overwrite;
    return this;
  }

  /** Encodes NaN and infinite weights instead of refusing them. */
  public Quantize allowNonFinite(boolean allow) {
    this.allowNonFinite = allow;
    return this;
  }

  /** Where what was found out about a model is kept for the next run; if not said, nowhere. */
  public Quantize keepFindings(Path folder) {
    this.findings = Optional.of(folder);
    return this;
  }

  /** Who does the pass over the weights, if not this process alone. */
  public Quantize by(Way way) {
    this.way = way;
    return this;
  }

  /** Who is told how far it is. */
  public Quantize progress(Progress progress) {
    this.progress = progress;
    return this;
  }

  /**
   * What would be made, as far as it is known before the weights are read: all, but for targets
   * that ask for studies, whose notes say what these will decide. Reads no matrix, except to
   * compare a head with the embedding that config.json ties it to.
   *
   * @throws UserError if a target does not fit the model
   */
  public List<ArtifactPlan> outline() {
    PhiModel model = model();
    Tokenizer.check(checkpoint);
    List<ArtifactPlan> outlines = new ArrayList<>();
    List<Target> targets = targets();
    targets.forEach(target -> outlines.add(target.outline(model, name)));
    for (int i = 0; i < targets.size(); i++) {
      if (fedBack.contains(this.targets.get(i))) {
        ErrorFeedback.require(model, outlines.get(i));
      }
    }
    Map<String, ArtifactPlan> beside = new LinkedHashMap<>();
    for (LoraFactors adapter : adapters) {
      for (Target target : targets) {
        ArtifactPlan plan = target.adapter(model, adapter);
        beside.putIfAbsent(plan.name(), plan);
      }
    }
    outlines.addAll(beside.values());
    return List.copyOf(outlines);
  }

  /**
   * What would be made. Makes the studies that targets ask for.
   *
   * @throws UserError if a target does not fit the model
   */
  public List<ArtifactPlan> plan() {
    return plan(outline());
  }

  /** What outlines become when the studies are made; most are plans already. */
  private List<ArtifactPlan> plan(List<ArtifactPlan> outlines) {
    Set<Study<?>> asked = studies();
    if (asked.isEmpty()) {
      return outlines;
    }
    Studies.Settings settings = new Studies.Settings(threads, this.findings, progress);
    Findings findings = Studies.of(model(), asked, settings);
    List<ArtifactPlan> plans = new ArrayList<>();
    List<Target> targets = targets();
    for (int i = 0; i < targets.size(); i++) {
      Target target = targets.get(i);
      plans.add(
          target.studies().isEmpty() ? outlines.get(i) : target.plan(model(), name, findings));
    }
    plans.addAll(outlines.subList(targets.size(), outlines.size()));
    return plans;
  }

  /** Refuses to read twice what comes over a network; a matrix of importance lies at hand. */
  private void requireOneReading() {
    for (Target target : checkpoint.isRemote() ? targets : List.<Target>of()) {
      if (fedBack.contains(target)
          || target.studies().stream().anyMatch(study -> !(study instanceof InputSquares))) {
        throw new UserError(
            "A target must see the weights of %s twice, once to decide and once to encode."
                .formatted(checkpoint.path()),
            "Give --keep: the model is downloaded into the cache once.");
      }
    }
  }

  private List<Target> targets() {
    return targets.stream().map(target -> target.taking(List.copyOf(adapters))).toList();
  }

  private Set<Study<?>> studies() {
    Set<Study<?>> asked = new LinkedHashSet<>();
    targets.forEach(target -> asked.addAll(target.studies()));
    return asked;
  }

  /**
   * What a person should know of the checkpoint, a sentence each.
   *
   * @throws UserError if it is not a model that phiquant knows
   */
  public List<String> notices() {
    List<String> notices = new ArrayList<>(model().notices());
    ChatTemplate.fault(checkpoint)
        .ifPresent(why -> notices.add(why + " Only --raw prompts can be run with phiquant."));
    return notices;
  }

  private PhiModel model() {
    if (model == null) {
      model = Family.model(Ignored.without(checkpoint, ignored));
    }
    return model;
  }

  /**
   * Makes the artifacts in a folder, each under its own name; a single one may also be given its
   * name directly ({@code model.gguf}).
   *
   * @return the artifacts' places
   * @throws UserError if one cannot be made; then none is
   */
  public List<Path> into(Path output) {
    return List.copyOf(make(outline(), output).keySet());
  }

  /**
   * Makes what {@link #outline} has outlined.
   *
   * @return what was made, by its place, in the order of the targets
   * @throws UserError if one cannot be made; then none is
   */
  public Map<Path, ArtifactPlan> make(List<ArtifactPlan> outlines, Path output) {
    requireOneReading();
    Map<Path, ArtifactPlan> outlined = placed(outlines, output);
    RecipesBeside.check(outlined, overwrite);
    if (!studies().isEmpty() || !fedBack.isEmpty()) {
      way.check(outlined, overwrite);
    }
    return readable(
        () -> {
          List<ArtifactPlan> plans = plan(outlines);
          if (fedBack.isEmpty()) {
            return pass(placed(plans, output));
          }
          Sequences read = Sequences.of(model(), text, 0);
          Path folder = output.toAbsolutePath();
          while (!Files.isDirectory(folder)) {
            folder = folder.getParent();
          }
          try (ErrorFeedback feedback =
              new ErrorFeedback(model(), read.sequences(), threads, folder, progress)) {
            List<ArtifactPlan> rounded = new ArrayList<>(plans);
            for (int i = 0; i < targets.size(); i++) {
              if (fedBack.contains(targets.get(i))) {
                rounded.set(i, feedback.round(plans.get(i), text.names()));
              }
            }
            return pass(placed(rounded, output));
          }
        });
  }

  private Map<Path, ArtifactPlan> pass(Map<Path, ArtifactPlan> plans) {
    way.run(recorded(plans), settings(), source());
    RecipesBeside.write(plans, overwrite);
    return plans;
  }

  private Map<Path, ArtifactPlan> recorded(Map<Path, ArtifactPlan> plans) {
    Map<Path, ArtifactPlan> artifacts = new LinkedHashMap<>();
    plans.forEach((place, plan) -> artifacts.put(place, Record.with(plan, model())));
    return artifacts;
  }

  /**
   * What {@link #make} gives to its {@link Way}, for who does a part of it. Makes the studies that
   * targets ask for, unless they were kept.
   *
   * @throws UserError if a target does not fit the model, or is rounded with error feedback, of
   *     which no part can be done alone
   */
  public Map<Path, ArtifactPlan> artifacts(List<ArtifactPlan> outlines, Path output) {
    requireOneReading();
    if (!fedBack.isEmpty()) {
      throw new UserError(
          "round=gptq is made by one machine: a column makes up for those before it.",
          "Leave it out, or run phiquant quantize where the cores are.");
    }
    return recorded(placed(plan(outlines), output));
  }

  /** How a pass of this is run. */
  public Pass.Settings settings() {
    return new Pass.Settings(threads, overwrite, allowNonFinite, progress);
  }

  /** The checkpoint, and adapters that lie at hand. */
  public WithAdapters source() {
    return new WithAdapters(checkpoint, adapters);
  }

  /** Where the recipe of an artifact is, if it has one. */
  public static Path recipe(Path artifact) {
    return RecipesBeside.of(artifact);
  }

  /** Says which file was cut while it was read, which the JVM cannot. */
  private <T> T readable(Supplier<T> work) {
    try {
      return work.get();
    } catch (InternalError e) {
      source().requireUnchanged();
      throw e;
    }
  }

  private Map<Path, ArtifactPlan> placed(List<ArtifactPlan> plans, Path output) {
    return new Places(checkpoint.path(), output).of(plans);
  }
}
