package phiquant.engine;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufFileName;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.engine.gguf.reader.GgufCheckpoint;
import phiquant.engine.gguf.reader.GgufFolder;
import phiquant.engine.gguf.writer.Gguf;
import phiquant.engine.mlx.MlxOptions;
import phiquant.engine.mlx.MlxTarget;
import phiquant.engine.onnx.reader.OnnxFolder;
import phiquant.engine.onnx.writer.Onnx;
import phiquant.engine.openvino.reader.OpenVinoFolder;
import phiquant.engine.openvino.writer.OpenVino;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.engine.safetensors.Safetensors;
import phiquant.model.PhiModel;

/**
 * The engines that phiquant writes for and whose artifacts it reads. All that the rest of it asks
 * of an engine is here; a new one is a package and an entry.
 */
public enum Engine {
  GGUF(
      "gguf",
      "GGUF",
      "llama.cpp",
      Map.of("int4", "Q4_K_M", "int8", "Q8_0", "fp16", "F16", "fp32", "F32"),
      Gguf::target,
      GgufFolder::open),
  MLX("mlx", "MLX", "MLX", Map.of("int4", "4bit", "int8", "8bit"), MlxOptions::target),
  ONNX("onnx", "ONNX", "ONNX Runtime", Map.of(), Onnx::target, OnnxFolder::open),
  OPENVINO("openvino", "OpenVINO IR", "OpenVINO", Map.of(), OpenVino::target, OpenVinoFolder::open),
  /** Plain weights in Hugging Face's form. */
  CHECKPOINT("safetensors", "checkpoint", "transformers", Map.of(), Safetensors::target);

  private final String text;
  private final String label;
  private final String runner;
  private final Map<String, String> formats;
  private final Function<TargetSpec, Target> writer;
  private final Function<Path, Optional<? extends Checkpoint>> reader;

  Engine(
      String text,
      String label,
      String runner,
      Map<String, String> formats,
      Function<TargetSpec, Target> writer,
      Function<Path, Optional<? extends Checkpoint>> reader) {
    this.text = text;
    this.label = label;
    this.runner = runner;
    this.formats = formats;
    this.writer = writer;
    this.reader = reader;
  }

  /** One whose artifacts are Hugging Face folders. */
  Engine(
      String text,
      String label,
      String runner,
      Map<String, String> formats,
      Function<TargetSpec, Target> writer) {
    this(text, label, runner, formats, writer, path -> Optional.empty());
  }

  /** The engine of that name in a target, if there is one. */
  public static Optional<Engine> named(String text) {
    return Stream.of(values()).filter(each -> each.text.equals(text)).findFirst();
  }

  /**
   * The target that a spec asks for.
   *
   * @throws UserError (usage) if there is no such engine, format or option, naming those there are
   */
  public static Target target(TargetSpec spec) {
    return named(spec.engine())
        .orElseThrow(
            () ->
                UserError.usage(
                    "There is no engine '%s'; there is %s."
                        .formatted(
                            spec.engine(),
                            Arrays.stream(values())
                                .map(Engine::text)
                                .sorted()
                                .collect(Collectors.joining(", ")))))
        .writer
        .apply(spec);
  }

  /** The engine whose artifact it is. */
  public static Engine of(Checkpoint artifact) {
    return switch (artifact.opened()) {
      case GgufCheckpoint file -> GGUF;
      case OpenVinoFolder folder -> OPENVINO;
      case OnnxFolder folder -> ONNX;
      default -> artifact.config().has("quantization") ? MLX : CHECKPOINT;
    };
  }

  /**
   * Opens a file or folder, if it has one of this engine's own.
   *
   * @throws UserError if it is damaged
   */
  Optional<? extends Checkpoint> open(Path path) {
    return reader.apply(path);
  }

  /** The name of a model whose checkpoint or artifact lies there: without a file's ending. */
  public static String modelName(Path path) {
    return GgufFileName.model(CheckpointName.of(path));
  }

  /** What it computes otherwise than the model's makers, if anything. */
  public Optional<String> departure(PhiModel model) {
    return switch (this) {
      case GGUF ->
          GgufArchitecture.of(model.architecture())
              .departure(
                  model.checkpoint().opened() instanceof GgufCheckpoint file
                      && file.file().metadata().containsKey(PreparedMixture.KEY));
      case MLX -> MlxTarget.departure(model);
      default -> Optional.empty();
    };
  }

  /** Its name in a target. */
  public String text() {
    return text;
  }

  /** What its artifacts are called, for people. */
  public String label() {
    return label;
  }

  /** Who runs them. */
  public String runner() {
    return runner;
  }

  /**
   * Its format for a precision by the name that everybody uses.
   *
   * @throws UserError (usage) naming them
   */
  public String format(String precision) {
    if (!precision.matches("int4|int8|fp16|fp32")) {
      throw UserError.usage(
          "--precision is '" + precision + "'; it can be int4, int8, fp16, fp32.");
    }
    return formats.getOrDefault(precision, precision);
  }
}
