package phiquant.trust;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The suite's inputs, each made of a sound model by one to three changes. An input follows from the
 * seed and its number alone.
 */
final class Generator {
  /** A sound model, and what may happen to it. */
  private record Recipe(
      TinyKind kind, String name, Map<String, byte[]> files, List<Mutator> mutators) {
    Recipe(TinyModel model, String what, Map<String, byte[]> files, List<Mutator> mutators) {
      this(model.kind(), what + " of " + model, files, mutators);
    }
  }

  /** How many kinds of inputs take turns. */
  static final int KINDS = 12;

  static final List<String> GGUF_TYPES =
      List.of(
          "F32",
          "F16",
          "BF16",
          "Q8_0",
          "Q4_0",
          "Q4_1",
          "Q5_0",
          "Q5_1",
          "Q2_K",
          "Q3_K_M",
          "Q4_K_M",
          "Q5_K_M",
          "Q6_K",
          "IQ4_NL",
          "IQ4_XS",
          "MXFP4_MOE",
          "TQ1_0",
          "TQ2_0");

  static final List<String> MLX =
      List.of("mlx:4bit,group=32", "mlx:8bit", "mlx:3bit,group=32", "mlx:mxfp4", "mlx:bfloat16");

  static final List<String> ONNX =
      List.of("onnx:int4", "onnx:int8", "onnx:fp32", "onnx:fp16,device=cuda");

  static final List<String> OPENVINO =
      List.of("openvino:int4,group=32", "openvino:int8", "openvino:fp16", "openvino:nf4");

  private static final Mutator ANY_JSON = new JsonMutator("config.json");
  private static final Mutator ANY_FILE = new FolderMutator();

  private final Bases bases;
  private final long seed;

  Generator(Bases bases, long seed) {
    this.bases = bases;
    this.seed = seed;
  }

  Dice dice(int number) {
    return new Dice(new SplittableRandom(seed * 1_000_003 + number));
  }

  /** The input of that number. */
  Input input(int number) {
    Dice dice = dice(number);
    Recipe recipe = recipe(number % KINDS, dice);
    Input input = new Input(recipe.kind(), recipe.files());
    input.changed("%s", recipe.name());
    int changes = dice.oneIn(4) ? dice.of(2, 3) : 1;
    dice.pick(recipe.mutators()).mutate(input, dice);
    for (int i = 1; i < changes; i++) {
      changeAgain(dice.pick(recipe.mutators()), input, dice);
    }
    return input;
  }

  /** What a change left need not be what a mutator expects; then there is enough wrong with it. */
  private static void changeAgain(Mutator mutator, Input input, Dice dice) {
    try {
      mutator.mutate(input, dice);
    } catch (RuntimeException e) {
      input.changed("nothing else");
    }
  }

  /** A sound model of the kind that an input of that number is made of. */
  Input sound(int number) {
    Recipe recipe = recipe(number % KINDS, dice(-1 - number));
    return new Input(recipe.kind(), recipe.files());
  }

  /** Half of all are Phi-3s; a format that does not take one has none. */
  private static TinyKind member(int kind, Dice dice) {
    TinyKind member = dice.oneIn(2) ? TinyKind.PHI_3 : dice.of(TinyKind.values());
    String target = kind >= 7 && kind <= 9 ? "gguf:F16" : kind == 11 ? "openvino:fp16" : "";
    return member.isWrittenFor(target) ? member : TinyKind.PHI_3;
  }

  private static String written(List<String> targets, TinyKind kind, Dice dice) {
    return dice.pick(targets.stream().filter(kind::isWrittenFor).toList());
  }

  private Recipe recipe(int kind, Dice dice) {
    TinyKind of = member(kind, dice);
    boolean pieces = dice.oneIn(2);
    TinyModel model = new TinyModel(of, pieces, dice.oneIn(3) ? 256 : 64, dice.oneIn(2));
    Map<String, byte[]> plain = bases.checkpoint(model);
    Mutator weights = new SafetensorsMutator("model.safetensors");
    return switch (kind) {
      case 0, 1 ->
          new Recipe(
              model,
              "weights",
              plain,
              List.of(weights, weights, weights, new BytesMutator("model.safetensors"), ANY_FILE));
      case 2 ->
          new Recipe(
              model,
              "shards",
              bases.shards(model),
              List.of(
                  new JsonMutator("model.safetensors.index.json"),
                  new BytesMutator("model.safetensors.index.json"),
                  new SafetensorsMutator("model-00001-of-00002.safetensors"),
                  ANY_FILE));
      case 3 ->
          new Recipe(
              model,
              "config",
              plain,
              List.of(
                  new ConfigMutator("config.json"),
                  new ConfigMutator("config.json"),
                  ANY_JSON,
                  new BytesMutator("config.json")));
      case 4 ->
          new Recipe(
              model,
              "tokenizer",
              plain,
              List.of(
                  new TokenizerMutator(),
                  new TokenizerMutator(),
                  new TokenizerMutator(),
                  new JsonMutator("tokenizer.json"),
                  new BytesMutator("tokenizer.json")));
      case 5 ->
          new Recipe(
              model,
              "template",
              plain,
              List.of(
                  new TemplateMutator(),
                  new TemplateMutator(),
                  new JsonMutator("tokenizer_config.json"),
                  new JsonMutator("generation_config.json"),
                  new ConfigMutator("generation_config.json"),
                  new BytesMutator("tokenizer_config.json")));
      case 6 -> {
        String target = written(MLX, of, dice);
        yield new Recipe(
            model,
            target,
            bases.artifact(model, target),
            List.of(
                weights,
                weights,
                new ConfigMutator("config.json"),
                ANY_JSON,
                new BytesMutator("model.safetensors"),
                ANY_FILE));
      }
      case 7, 8, 9 -> {
        String target = "gguf:" + dice.pick(GGUF_TYPES);
        Mutator structure = new GgufMutator();
        yield new Recipe(
            model,
            target,
            bases.artifact(model, target),
            List.of(structure, structure, structure, new BytesMutator(GgufMutator.FILE)));
      }
      case 10 -> {
        String target = written(ONNX, of, dice);
        Mutator structure = new OnnxMutator();
        yield new Recipe(
            model,
            target,
            bases.artifact(model, target),
            List.of(
                structure,
                structure,
                structure,
                new BytesMutator(OnnxMutator.FILE),
                new BytesMutator("model.onnx.data"),
                new JsonMutator("genai_config.json"),
                ANY_JSON,
                ANY_FILE));
      }
      default -> {
        String target = written(OPENVINO, of, dice);
        Mutator structure = new IrMutator();
        yield new Recipe(
            model,
            target,
            bases.artifact(model, target),
            List.of(
                structure,
                structure,
                structure,
                new BytesMutator(IrMutator.FILE),
                new BytesMutator("openvino_model.bin"),
                ANY_JSON,
                ANY_FILE));
      }
    };
  }
}
