package phiquant.engine.onnx.writer.options;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.Precisions;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;
import phiquant.study.InputSquares;
import phiquant.study.Study;

/**
 * What was asked for after {@code onnx:}. Options have the names that GenAI's model builder gives
 * them, where it has them.
 *
 * @param block weights that share a scale
 * @param symmetric whether codes have no zero points
 * @param accuracyLevel what MatMulNBits rounds activations to: 4 is int8, 0 leaves it to the device
 * @param mixed bits by {@code last_matmul} and {@code mixed_layers}
 * @param excluded operators whose weights stay floats
 * @param embedding bits of an embedding of its own, 0 for floats; empty if nothing was said
 * @param vision bits of what sees, 0 for floats; empty if nothing was said
 * @param shared whether a tied head and the embedding are stored once; empty if nothing was said
 * @param pruned whether logits are computed for the last token only
 * @param noEmbedding whether the graph begins with embedded tokens
 * @param noHead whether it ends with hidden states
 * @param hidden whether hidden states are an output beside the logits
 * @param qdq whether blocks are for ONNX's own {@code DequantizeLinear}
 * @param activations how inputs of matrices are rounded, if they are
 * @param squares of inputs, for which weights are rounded, if they are
 * @param sizes of graphs that have fixed ones
 * @param layout what the files are called
 * @param chosen what a recipe gives to matrices, by their places; none if there is no recipe
 */
public record OnnxOptions(
    Format format,
    ExecutionProvider device,
    int block,
    boolean symmetric,
    int accuracyLevel,
    Algorithm algorithm,
    Map<String, Integer> mixed,
    Set<String> excluded,
    Optional<Integer> embedding,
    Optional<Integer> vision,
    Optional<Boolean> shared,
    boolean pruned,
    boolean noEmbedding,
    boolean noHead,
    boolean hidden,
    boolean qdq,
    Optional<StaticActivations> activations,
    Optional<InputSquares> squares,
    Optional<FixedSizes> sizes,
    FolderLayout layout,
    Map<Place, NBitsFormat> chosen) {

  /**
   * Reads and checks options.
   *
   * @throws UserError (usage) naming what is possible
   */
  public static OnnxOptions of(String formatName, Map<String, String> options) {
    Format format =
        Format.named(formatName)
            .orElseThrow(
                () ->
                    UserError.usage(
                        "onnx has no format '%s'; it has %s."
                            .formatted(formatName, list(Format.values()))));
    Optional<StaticActivations> activations = StaticActivations.of(options);
    ExecutionProvider device = device(format, options.get("device"));
    PossibleOptions.check(format, device, activations.isPresent(), options.keySet());
    if (activations.isEmpty() && !Collections.disjoint(options.keySet(), StaticActivations.KEYS)) {
      throw UserError.usage(
          "onnx: activation_bits and calibration are for activations=static; give that too.");
    }
    boolean fixed = device == ExecutionProvider.NPU;
    if (activations.isPresent() && device != ExecutionProvider.CPU && !fixed) {
      throw UserError.usage(
          "onnx: activations=static is for device=cpu and device=npu; leave device out, say.");
    }
    if (activations.isEmpty() && options.containsKey(StaticActivations.CACHE)) {
      throw UserError.usage("onnx: cache_bits is for activations=static; give that too.");
    }
    if (options.containsKey(InputSquares.KEY) && flag(options, "use_qdq", false)) {
      throw UserError.usage(
          "onnx: use_qdq turns matrices, and imatrix is for those that stay as they are; leave one out.");
    }
    boolean noHead = flag(options, "exclude_lm_head", false);
    boolean hidden = flag(options, "include_hidden_states", false);
    if (noHead && hidden) {
      throw UserError.usage(
          "onnx: exclude_lm_head makes the hidden states the output; include_hidden_states adds"
              + " them to logits. Give one of the two.");
    }
    if (options.containsKey(FolderLayout.KEY)) {
      for (String key : List.of("exclude_embeds", "exclude_lm_head", "include_hidden_states")) {
        if (options.containsKey(key)) {
          throw UserError.usage(
              "onnx: for=web is a whole model, and "
                  + key
                  + " is for a part of one; leave one out.");
        }
      }
    }
    boolean noEmbedding = flag(options, "exclude_embeds", false);
    if (noEmbedding && options.containsKey("embedding")) {
      throw UserError.usage("onnx: exclude_embeds leaves no embedding to choose; leave one out.");
    }
    return new OnnxOptions(
        format,
        device,
        number(options, "block_size", 32, NBitsFormat.BLOCKS),
        flag(options, "is_symmetric", true),
        number(
            options,
            "accuracy_level",
            device == ExecutionProvider.CPU || device == ExecutionProvider.WEBGPU ? 4 : 0,
            List.of(0, 1, 2, 3, 4)),
        algorithm(device, options.getOrDefault("algo_config", "default")),
        mixed(options.getOrDefault("matmul_mixed_precision", "")),
        excluded(options.getOrDefault("nodes_to_exclude", "")),
        bits("embedding", options.getOrDefault("embedding", format == Format.MOBILE ? "int4" : "")),
        bits("vision", options.getOrDefault("vision", "")),
        options.containsKey("shared_embeddings")
            ? Optional.of(flag(options, "shared_embeddings", true))
            : Optional.empty(),
        flag(options, "prune_lm_head", false),
        noEmbedding,
        noHead,
        hidden,
        flag(options, "use_qdq", false),
        activations,
        InputSquares.of(options),
        FixedSizes.of(device, options),
        FolderLayout.of(format, device, options),
        Map.of());
  }

  /** The same with what a recipe gives to matrices. */
  public OnnxOptions with(Map<Place, NBitsFormat> formats) {
    return changed(embedding, noEmbedding, formats);
  }

  /** The same for a decoder that begins with embedded tokens. */
  public OnnxOptions withoutEmbedding() {
    return changed(Optional.empty(), true, chosen);
  }

  private OnnxOptions changed(
      Optional<Integer> table, boolean noTable, Map<Place, NBitsFormat> formats) {
    return new OnnxOptions(
        format,
        device,
        block,
        symmetric,
        accuracyLevel,
        algorithm,
        mixed,
        excluded,
        table,
        vision,
        shared,
        pruned,
        noTable,
        noHead,
        hidden,
        qdq,
        activations,
        squares,
        sizes,
        layout,
        formats);
  }

  /** What the model computes in; codes are rounded from and to 32 bits. */
  public FloatType type() {
    return activations.isPresent() ? FloatType.FLOAT32 : format.type(device);
  }

  /** What has to be known of values, if they are rounded. */
  public Optional<Study<?>> activationStudy() {
    return activations.map(asked -> sizes.isPresent() ? asked.values() : asked.ranges());
  }

  /** Whether queries and keys are turned by operators of their own, at positions given as input. */
  public boolean needsPositions() {
    return device == ExecutionProvider.DML || repeatsKeys();
  }

  /** Whether attention has as many keys and values as queries: CUDA in 32 bits. */
  public boolean repeatsKeys() {
    return device == ExecutionProvider.CUDA && format == Format.FP32;
  }

  /** The precision of what sees: 8 bits beside a decoder in blocks, unless something was said. */
  public Precision visionPrecision(PhiModel model) {
    return precision(model, vision.orElse(format.bits() == 0 ? 0 : 8));
  }

  /** The precision of an embedding of its own. */
  public Precision embeddingPrecision(PhiModel model) {
    NBitsFormat own = chosen.get(Place.of(Role.EMBEDDING));
    if (own != null) {
      return new Precision.Blocks(own);
    }
    int codes = embedding.orElse(0);
    return codes == 0
        ? new Precision.Plain(type())
        : new Precision.Blocks(precisions(model).format(codes));
  }

  private Precision precision(PhiModel model, int codes) {
    return codes == 0
        ? new Precision.Plain(type())
        : qdq
            ? new Precision.Turned(precisions(model).format(codes))
            : new Precision.Blocks(precisions(model).format(codes));
  }

  /** The precision of every matrix. */
  public Precisions precisions(PhiModel model) {
    return new Precisions(
        OperatorNames.of(model.weights().stream().map(Weight::role).toList()),
        type(),
        format.bits(),
        block,
        symmetric,
        algorithm,
        accuracyLevel,
        excluded,
        mixed,
        model.config().layers(),
        qdq,
        activations.isPresent() && format == Format.INT8,
        chosen);
  }

  private static ExecutionProvider device(Format format, String name) {
    if (name == null) {
      return format.devices().getFirst();
    }
    for (ExecutionProvider device : format.devices()) {
      if (device.label().equals(name)) {
        return device;
      }
    }
    String pairs =
        Stream.of(Format.values())
            .map(
                one ->
                    one.label()
                        + " on "
                        + one.devices().stream()
                            .map(ExecutionProvider::label)
                            .collect(Collectors.joining(", ")))
            .collect(Collectors.joining("; "));
    throw UserError.usage(
        "onnx has no %s for device=%s; it has %s.".formatted(format.label(), name, pairs));
  }

  private static int number(
      Map<String, String> options, String key, int otherwise, List<Integer> possible) {
    String text = options.getOrDefault(key, Integer.toString(otherwise));
    for (int number : possible) {
      if (text.equals(Integer.toString(number))) {
        return number;
      }
    }
    throw UserError.usage("onnx: %s=%s; it can be %s.".formatted(key, text, list(possible)));
  }

  private static boolean flag(Map<String, String> options, String key, boolean otherwise) {
    return TargetSpec.flag("onnx", options, key, otherwise);
  }

  private static Algorithm algorithm(ExecutionProvider device, String name) {
    if (device == ExecutionProvider.NPU && name.equals(Algorithm.K_QUANT.label())) {
      throw UserError.usage(
          "onnx: algo_config=k_quant has zero points, which graphs for an NPU do not; device=npu"
              + " takes default or rtn.");
    }
    return Algorithm.named(name)
        .orElseThrow(
            () ->
                UserError.usage(
                    "onnx: algo_config=%s; it can be %s."
                        .formatted(name, String.join(", ", Algorithm.labels()))));
  }

  private static Map<String, Integer> mixed(String text) {
    Map<String, Integer> mixed = new LinkedHashMap<>();
    for (String entry : text.isEmpty() ? new String[0] : text.split(",")) {
      if (!entry.matches("(last_matmul|mixed_layers):int[48]")) {
        throw UserError.usage(
            "onnx: matmul_mixed_precision=%s; it can be last_matmul:int8, mixed_layers:int8, or both."
                .formatted(text));
      }
      String[] parts = entry.split(":int");
      mixed.put(parts[0], Integer.valueOf(parts[1]));
    }
    return mixed;
  }

  private static Set<String> excluded(String text) {
    return text.isEmpty()
        ? Set.of()
        : Arrays.stream(text.split(",")).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private static Optional<Integer> bits(String key, String text) {
    return switch (text) {
      case "" -> Optional.empty();
      case "float" -> Optional.of(0);
      case "int4" -> Optional.of(4);
      case "int8" -> Optional.of(8);
      default ->
          throw UserError.usage("onnx: %s=%s; it can be int4, int8, float.".formatted(key, text));
    };
  }

  private static String list(Format[] formats) {
    return Stream.of(formats).map(Format::label).collect(Collectors.joining(", "));
  }

  private static String list(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
