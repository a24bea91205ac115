package phiquant.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import phiquant.CacheFolder;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.lora.Lora;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.importance.CalibrationText;
import phiquant.pipeline.Progress;
import phiquant.pipeline.Way;
import phiquant.study.InputSquares;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Quantizes a checkpoint for one or more engines in one pass. */
@Command(
    name = "quantize",
    description = "Quantize a checkpoint for one or more engines, reading it once.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant quantize Phi-3.5-mini-instruct --to gguf:Q4_K_M -o out",
      "  phiquant quantize Phi-3.5-mini-instruct --to gguf:Q4_K_M --to mlx:4bit -o out",
      "  phiquant quantize microsoft/Phi-4-mini-instruct --to gguf:Q4_K_M -o out",
      "  phiquant quantize Phi-4-mini --to gguf --precision int8 -o phi-4-mini.gguf",
      "  phiquant quantize Phi-4-mini --to onnx:int4 --calibration calibration.gguf -o out",
      "  phiquant quantize Phi-4-mini --to onnx:int4 --to mlx:4bit --round gptq -o out",
      "  phiquant quantize Phi-4-mini --lora my-adapter --name Phi-4-mini-mine --to gguf -o out",
      "  phiquant quantize Phi-4-mini --to gguf:Q4_K_M --dry-run"
    })
final class QuantizeCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      description =
          "A Hugging Face folder (config.json, safetensors), an MLX folder, a GGUF file, or a name"
              + " on the hub: OWNER/NAME[@REVISION].")
  private Path checkpoint;

  @Option(
      names = "--to",
      required = true,
      paramLabel = "TARGET",
      description =
          "ENGINE:FORMAT[,OPTION…], such as gguf:Q4_K_M or mlx:4bit,group=32. Repeatable.")
  private List<String> targets;

  @Option(
      names = "--precision",
      paramLabel = "int4|int8|fp16|fp32",
      description = "The format for targets that name none.")
  private String precision;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT",
      description = "Where artifacts go: a folder, or a .gguf file for a single GGUF.")
  private Path output;

  @Option(
      names = "--lora",
      paramLabel = "DIR[:SCALE]",
      description =
          "Merge a LoRA adapter, as PEFT saves it, on the way. Repeatable: one after the other.")
  private List<String> adapters = new ArrayList<>();

  @Option(
      names = "--adapter",
      paramLabel = "DIR[:SCALE]",
      description =
          "GGUF, MLX: write a LoRA adapter beside the model, as the engine loads it. Repeatable.")
  private List<String> apart = new ArrayList<>();

  @Option(names = "--dry-run", description = "Show what would be made, before any work.")
  private boolean dryRun;

  @Option(names = "--threads", paramLabel = "N", description = "Default: all cores.")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--overwrite", description = "Replace artifacts that exist.")
  private boolean overwrite;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print nothing but errors.")
  private boolean quiet;

  @Option(names = "--name", description = "The model's name, in file names and in metadata.")
  private String name;

  @Option(
      names = "--allow-nonfinite",
      description = "Quantize NaN and infinite weights as the engine's own tool does.")
  private boolean allowNonFinite;

  @Option(names = "--pure", description = "GGUF: all matrices in the default type.")
  private boolean pure;

  @Option(names = "--tensor-type", paramLabel = "REGEX=TYPE", description = "GGUF. Repeatable.")
  private List<String> tensorTypes = new ArrayList<>();

  @Option(names = "--output-tensor-type", paramLabel = "TYPE", description = "GGUF.")
  private String outputTensorType;

  @Option(names = "--token-embedding-type", paramLabel = "TYPE", description = "GGUF.")
  private String tokenEmbeddingType;

  @Option(names = "--leave-output-tensor", description = "GGUF: do not quantize the head.")
  private boolean leaveOutputTensor;

  @Option(names = "--split-max-size", paramLabel = "N(M|G)", description = "GGUF: split files.")
  private String splitMaxSize;

  @Option(
      names = "--calibration",
      paramLabel = "FILE",
      description =
          "How much every column counts, from phiquant calibrate: all targets round for it.")
  private String calibration;

  @Option(
      names = "--target-size",
      paramLabel = "N(MB|GB)",
      description = "Choose each weight's format so that least is lost at this size.")
  private String targetSize;

  @Option(
      names = "--bpw",
      paramLabel = "BITS",
      description = "The same within so many bits a weight on the average, such as 4.25.")
  private String bpw;

  @Option(
      names = "--max-kl",
      paramLabel = "NATS",
      description = "The same, as small as can be with this divergence from the original.")
  private String maxKl;

  @Option(
      names = "--recipe",
      paramLabel = "FILE",
      description = "Each weight's format as this file says, which a budget has left beside.")
  private String recipe;

  @Option(
      names = "--round",
      paramLabel = "nearest|gptq",
      description =
          "gptq: each column makes up for what those before it lost, on a text that is taken"
              + " through the model. For one target alone: its option round=gptq.")
  private String round;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "The text for gptq, instead of the built-in one. Repeatable.")
  private List<Path> texts = new ArrayList<>();

  @Option(
      names = "--imatrix",
      paramLabel = "FILE",
      description = "GGUF: the same for GGUF alone, as llama-quantize calls it.")
  private String imatrix;

  @Option(
      names = "--imatrix-zeros",
      description =
          "GGUF: columns of which the matrix says nothing count nothing, as in llama-quantize.")
  private boolean imatrixZeros;

  @Option(
      names = "--tensor-bits",
      paramLabel = "REGEX=BITS[:GROUP]",
      description = "MLX. Repeatable.")
  private List<String> tensorBits = new ArrayList<>();

  @Option(names = "--dtype", paramLabel = "TYPE", description = "MLX: float16, bfloat16, float32.")
  private String dtype;

  @Mixin private ModelOptions model;

  private Way way = Way.HERE;

  @Override
  public Integer call() {
    Threads.checked(threads);
    if (output == null && !dryRun) {
      throw UserError.usage("Say where artifacts go with -o OUT, or look first with --dry-run.");
    }
    checkOptions();
    long start = System.nanoTime();
    try (QuantizeOrder order = order(quiet)) {
      if (!quiet) {
        Notices.print(order.quantize().notices());
      }
      if (order.source().isQuantized() && !quiet) {
        System.err.println(
            "warning: the source is quantized already; its errors stay, and new ones come on top."
                + " Start from the original weights if you can.");
      }
      if (dryRun) {
        order.outlines().forEach(outline -> System.out.print(PlanTable.of(outline)));
        return 0;
      }
      Map<Path, ArtifactPlan> made = order.make();
      if (!quiet) {
        double seconds = (System.nanoTime() - start) / 1e9;
        made.forEach((path, plan) -> System.out.println(Summary.of(path, plan)));
        made.forEach(
            (path, plan) ->
                plan.recipe()
                    .ifPresent(text -> System.out.println("recipe: " + Quantize.recipe(path))));
        System.out.printf(Locale.ROOT, "Done in %.1f s.%n", seconds);
        made.values()
            .forEach(
                plan ->
                    plan.notes().forEach(note -> System.out.println(plan.target() + ": " + note)));
      }
    }
    return 0;
  }

  /** Who does the pass over the weights, if not this process alone. */
  void by(Way way) {
    this.way = way;
  }

  /** Opens the model and lays out what is asked for. */
  QuantizeOrder order(boolean silent) {
    List<Lora> loras = adapters.stream().map(Lora::parse).toList();
    List<LoraFactors> beside = new ArrayList<>();
    Checkpoint source = Lora.merge(model.findWhole(checkpoint), loras);
    try {
      for (String adapter : apart) {
        beside.add(LoraFactors.open(source, Lora.parse("--adapter", adapter)));
      }
      return new QuantizeOrder(source, beside, quantize(source, beside, silent), output);
    } catch (RuntimeException e) {
      beside.forEach(LoraFactors::close);
      source.close();
      throw e;
    }
  }

  private Quantize quantize(Checkpoint source, List<LoraFactors> beside, boolean silent) {
    Quantize quantize =
        Quantize.of(source)
            .threads(threads)
            .overwrite(overwrite)
            .allowNonFinite(allowNonFinite)
            .keepFindings(CacheFolder.of("findings"))
            .progress(silent ? Progress.NONE : progress())
            .by(way);
    if (name != null) {
      quantize.named(name);
    }
    if (!texts.isEmpty()) {
      quantize.text(CalibrationText.of(texts));
    }
    model.ignored().forEach(pattern -> quantize.ignoring(pattern.pattern()));
    targets.forEach(target -> quantize.to(complete(target)));
    beside.forEach(quantize::beside);
    return quantize;
  }

  private Progress progress() {
    boolean terminal = System.console() != null && System.console().isTerminal();
    return terminal ? new TerminalProgress() : new Notices();
  }

  /** Refuses flags that nothing would come of, and a name that files cannot have. */
  private void checkOptions() {
    if (name != null && (name.isBlank() || name.matches(".*[/\\\\\\p{Cntrl}].*"))) {
      throw UserError.usage(
          "--name is '"
              + name
              + "'; it becomes part of file names, so it cannot be empty or hold"
              + " / or \\.");
    }
    flags().forEach(flags -> flags.requireTarget(targets));
    if (calibration != null && imatrix != null) {
      throw UserError.usage("--calibration is --imatrix for all targets; give one of the two.");
    }
    if (!texts.isEmpty()
        && round == null
        && targets.stream().noneMatch(target -> target.contains("round="))) {
      throw UserError.usage("--text is for --round gptq; phiquant calibrate takes one, too.");
    }
    if (calibration != null && targets.stream().noneMatch(QuantizeCommand::rounds)) {
      throw UserError.usage("--calibration is for targets that round weights, and there is none.");
    }
  }

  private List<EngineFlags> flags() {
    EngineFlags gguf =
        new EngineFlags(Engine.GGUF)
            .with("pure", pure)
            .with("leave-output-tensor", leaveOutputTensor)
            .with("tensor-type", tensorTypes)
            .with("output-tensor-type", outputTensorType)
            .with("token-embedding-type", tokenEmbeddingType)
            .with("split-max-size", splitMaxSize)
            .shared("name", name)
            .with("imatrix", imatrix)
            .with("imatrix-zeros", imatrixZeros);
    EngineFlags mlx =
        new EngineFlags(Engine.MLX).with("tensor-bits", tensorBits).with("dtype", dtype);
    return List.of(gguf, mlx);
  }

  /** A target with what was given as flags. */
  private String complete(String target) {
    String spec = target;
    if (precision != null && !target.contains(":")) {
      String engine = EngineFlags.name(target);
      spec =
          target.substring(0, engine.length())
              + ":"
              + format(engine)
              + target.substring(engine.length());
    }
    for (EngineFlags flags : flags()) {
      spec = flags.addedTo(spec);
    }
    return rounds(target) ? spec + rounding() : spec;
  }

  /** What holds for all targets that round weights. */
  private String rounding() {
    Map<String, String> options = new LinkedHashMap<>();
    options.put(InputSquares.KEY, calibration);
    options.put("round", round);
    options.put("target-size", targetSize);
    options.put("bpw", bpw);
    options.put("max-kl", maxKl);
    options.put("recipe", recipe);
    options.values().removeIf(Objects::isNull);
    return options.entrySet().stream().map(option -> "," + option).collect(Collectors.joining());
  }

  /** Checkpoints hold floats as they are. */
  private static boolean rounds(String target) {
    return !EngineFlags.name(target).equals(Engine.CHECKPOINT.text());
  }

  /** The precision, by the name that everybody uses, as the engine's format. */
  private String format(String engine) {
    String everyday = precision.toLowerCase(Locale.ROOT);
    return Engine.named(engine).map(known -> known.format(everyday)).orElse(everyday);
  }
}
