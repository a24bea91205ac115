package phiquant.advise;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.SparseMixer;

/**
 * Chooses engine, format and precision for a device. Sizes are those of the plans that {@code
 * quantize} would execute; speed is estimated from bandwidth, because decoding a token reads all
 * weights and the cache once and little else takes as long.
 */
public final class Advisor {
  /** People read four or five words a second; slower than this a model keeps them waiting. */
  private static final double COMFORTABLE = 10;

  /** Prompts are taken in portions of this many tokens by every engine here. */
  private static final int PORTION = 512;

  private static final List<String> PRECISIONS = List.of("int4", "int8", "fp16", "fp32");

  private final PhiModel model;
  private final String name;
  private final Device device;
  private final int context;

  private Advisor(PhiModel model, String name, Device device, int context) {
    this.model = model;
    this.name = name;
    this.device = device;
    this.context = context;
  }

  /**
   * What to make.
   *
   * @param name of the model, from which artifacts get theirs
   * @param context tokens of a conversation
   * @throws UserError (usage) if the context is over the model's limit
   */
  public static Advice advise(PhiModel model, String name, Device device, int context) {
    int limit = model.config().contextLength();
    if (context < 1 || context > limit) {
      throw UserError.usage(
          "The context is " + context + " tokens; this model's limit is " + limit + ".");
    }
    return new Advisor(model, name, device, context).advise();
  }

  private Advice advise() {
    List<Choice> choices = new ArrayList<>();
    List<UserError> refusals = new ArrayList<>();
    Map<String, DeviceEngine> engines = Devices.engines();
    for (String engine : device.engines()) {
      for (String precision : PRECISIONS) {
        String target = engines.get(engine).targets().get(precision);
        if (target != null) {
          try {
            choices.add(choice(engine, engines.get(engine), precision, suited(target)));
          } catch (UserError refused) {
            refusals.add(refused); // No choice for this model.
          }
        }
      }
    }
    if (choices.isEmpty()) {
      throw refusals.getFirst();
    }
    Choice best = best(choices);
    String command =
        "phiquant quantize "
            + quoted(model.checkpoint().path())
            + " --to "
            + best.target()
            + " -o out";
    String run =
        engines
            .get(best.engine())
            .run()
            .replace("{artifact}", "out/" + best.artifact())
            .replace("{context}", Integer.toString(context));
    return new Advice(
        name,
        model.parameters(),
        device,
        context,
        best,
        choices,
        why(best, choices, engines.get(best.engine())),
        command,
        run);
  }

  /** A path as shells take it. */
  private static String quoted(Path path) {
    String text = path.toString();
    return text.matches("[\\w./+@%:=,~-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }

  /** MLX takes longrope's long factors at any length, so it is given the right ones. */
  private String suited(String target) {
    PhiConfig config = model.config();
    boolean isShort = config.longRope().isPresent() && context <= config.originalContextLength();
    return engine(target) == Engine.MLX && isShort ? target + ",rope=short" : target;
  }

  private static Engine engine(String target) {
    return Engine.named(TargetSpec.parse(target).engine()).orElseThrow();
  }

  private Choice choice(String engine, DeviceEngine facts, String precision, String target) {
    ArtifactPlan plan = Engine.target(TargetSpec.parse(target)).outline(model, name);
    PhiConfig config = model.config();
    long cache =
        (long)
            (2.0
                * config.layers()
                * config.kvHeads()
                * config.headSize()
                * context
                * facts.cacheBytes());
    long work =
        4L * PORTION * (config.vocabulary() + 4L * config.hidden() + 2L * config.feedForward());
    long read = readPerToken(plan);
    double bandwidth = device.bandwidth() * 1e9;
    return new Choice(
        engine,
        precision,
        target,
        plan.name(),
        plan.bytes(),
        cache,
        work,
        plan.bytes() + cache + work <= device.usable(),
        0.5 * bandwidth / (read + cache),
        0.8 * bandwidth / read);
  }

  /** All weights but an embedding of which only one row is looked up. */
  private long readPerToken(ArtifactPlan plan) {
    StoredTensor embedding = model.weight(Role.EMBEDDING, -1).tensor();
    return plan.tensors().stream()
        .filter(tensor -> model.config().tiedHead() || tensor.source() != embedding)
        .mapToLong(Advisor::readPerToken)
        .sum();
  }

  /** Of experts that are piled up, those that a token takes. */
  private static long readPerToken(PlannedTensor tensor) {
    return tensor.shape().size() < 3
        ? tensor.bytes()
        : tensor.bytes() / tensor.shape().getFirst() * SparseMixer.CHOSEN;
  }

  /**
   * The device's best engine for which something fits; there the highest precision that is still
   * comfortably fast, or on a frugal device the lowest.
   */
  private Choice best(List<Choice> choices) {
    for (String engine : device.engines()) {
      List<Choice> fitting =
          choices.stream().filter(c -> c.engine().equals(engine) && c.fits()).toList();
      if (fitting.isEmpty()) {
        continue;
      }
      if (device.frugal()) {
        return fitting.get(0);
      }
      return fitting.stream()
          .filter(choice -> choice.slowest() >= COMFORTABLE)
          .filter(choice -> !choice.precision().equals("fp32") || !has16Bits(choice, choices))
          .max(Comparator.comparing(choice -> PRECISIONS.indexOf(choice.precision())))
          .orElse(fitting.get(0));
    }
    return choices.stream().min(Comparator.comparing(Choice::bytes)).orElseThrow();
  }

  /** Phi is trained in bfloat16: what 16 bits hold, 32 bits hold no better. */
  private static boolean has16Bits(Choice choice, List<Choice> choices) {
    return choices.stream()
        .anyMatch(c -> c.engine().equals(choice.engine()) && c.precision().equals("fp16"));
  }

  private List<String> why(Choice best, List<Choice> choices, DeviceEngine engine) {
    List<String> why = new ArrayList<>();
    if (!best.fits()) {
      why.add(
          String.format(
              Locale.ROOT,
              "Nothing fits: the smallest takes %.2f GB, and the device has %.2f GB for it. %s",
              best.bytes() / 1e9,
              device.usable() / 1e9,
              shorter(best)));
      return why;
    }
    why.add(best.engine() + ": " + engine.why() + ".");
    why.add(best.precision().toUpperCase(Locale.ROOT) + ": " + whyPrecision(best, choices) + ".");
    if (model.config().longRope().isPresent()) {
      why.add(longRope(best.target()));
    }
    return why;
  }

  private String whyPrecision(Choice best, List<Choice> choices) {
    if (device.frugal()) {
      return "the memory is shared with other programs and every byte read costs time and battery;"
          + " INT8 costs about twice of both";
    }
    if (best.precision().equals("fp16")) {
      return "Phi is trained in 16 bits; FP32 would be twice as large and hold nothing more";
    }
    List<Choice> higher =
        choices.stream()
            .filter(c -> c.engine().equals(best.engine()))
            .filter(c -> PRECISIONS.indexOf(c.precision()) > PRECISIONS.indexOf(best.precision()))
            .toList();
    if (higher.isEmpty()) {
      return "memory and bandwidth allow the engine's highest precision";
    }
    Choice next = higher.get(0);
    String name = next.precision().toUpperCase(Locale.ROOT);
    return next.fits()
        ? String.format(
            Locale.ROOT,
            "%s would fit too, but at a full context it may fall to %.0f tokens a second, slower"
                + " than is comfortable to read",
            name,
            next.slowest())
        : "the highest precision that fits; " + name + " does not";
  }

  private String longRope(String target) {
    int original = model.config().originalContextLength();
    return "Longrope: "
        + switch (engine(target)) {
          case MLX ->
              target.contains("rope=short")
                  ? "MLX knows one list of factors; this artifact gets the one that is right up to "
                      + original
                      + " tokens."
                  : "MLX knows one list of factors; this artifact gets the one for more than "
                      + original
                      + " tokens, so short conversations are rotated wrongly.";
          case GGUF ->
              "llama.cpp chooses the factors by the context that is allocated (-c), not by the"
                  + " length of the text: up to "
                  + original
                  + " the short ones.";
          default ->
              "a conversation that grows past "
                  + original
                  + " tokens keeps keys that were rotated by the short factors, which this engine"
                  + " does not compute again in every case.";
        };
  }

  /** What context would fit. */
  private String shorter(Choice smallest) {
    long left = device.usable() - smallest.artifactBytes() - smallest.workBytes();
    long tokens = left * context / Math.max(1, smallest.cacheBytes());
    return tokens >= 256
        ? "A context of " + tokens / 256 * 256 + " tokens would fit."
        : "Take a smaller model or a device with more memory.";
  }
}
