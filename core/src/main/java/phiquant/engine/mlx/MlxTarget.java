package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.PythonJson;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.Target;
import phiquant.engine.safetensors.SafetensorsLayout;
import phiquant.model.PhiModel;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.Study;

/**
 * The folder that mlx-lm loads on a Mac, and MLX Swift on an iPhone: safetensors with MLX's packed
 * weights, {@code config.json} that says how they are packed, the tokenizer as it is. The same
 * tensors, shards and configuration that {@code mlx_lm.convert} writes.
 *
 * @param spec what was asked for, such as {@code mlx:4bit}
 * @param recipe which format every weight gets
 * @param shortRope whether longrope's short factors take the long ones' place
 * @param squares of inputs, for which weights are rounded, if they are
 * @param asked a budget or a recipe's file instead of a format, if there is one
 */
public record MlxTarget(
    String spec,
    MlxRecipe recipe,
    boolean shortRope,
    Optional<InputSquares> squares,
    Optional<AskedRecipe> asked)
    implements Target {
  /** mlx-lm begins a new file where the next tensor would take one beyond 5 GiB. */
  private static final long SHARD_BYTES = 5L << 30;

  @Override
  public Set<Study<?>> studies() {
    Set<Study<?>> studies = new LinkedHashSet<>();
    squares.ifPresent(studies::add);
    asked.flatMap(recipe -> recipe.study(menu())).ifPresent(studies::add);
    return studies;
  }

  private MlxMenu menu() {
    return new MlxMenu(
        new MlxTarget("mlx", recipe.named("recipe"), shortRope, squares, Optional.empty()));
  }

  /** The same with another recipe. */
  MlxTarget with(MlxRecipe other) {
    return new MlxTarget(spec, other.named(recipe.name()), shortRope, squares, asked);
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    InputSquares.Found found = InputSquares.found(squares, findings);
    if (asked.isEmpty()) {
      return laid(model, name, found);
    }
    asked.get().refuseExperts(model);
    AskedRecipe.Answer answer = asked.get().answer(menu(), model, findings);
    return answer.told(with(menu().chosen(answer.recipe())).laid(model, name, found));
  }

  /** Lays out a folder whose formats are known. */
  ArtifactPlan laid(PhiModel model, String name, InputSquares.Found found) {
    if (shortRope && model.config().longRope().isEmpty()) {
      throw UserError.usage("rope=short is for models with longrope; this one has none.");
    }
    if (shortRope && model.vision().isPresent()) {
      throw UserError.usage(
          "rope=short is for mlx-lm; mlx-vlm switches longrope's factors itself.");
    }
    if (recipe.router() && model.config().experts().isEmpty()) {
      throw UserError.usage("router is for models with experts; this one has none.");
    }
    refuseWhatMlxComputesItself(model);
    model.vision().ifPresent(vision -> MlxSight.require(vision, model));
    List<MlxWeight> text = MlxWeight.of(model, recipe, found);
    refuseGroupThatFitsNothing(text);
    List<MlxWeight> weights = MlxSight.with(text, model, recipe);
    List<SafetensorsLayout> shards = shards(weights, metadata(found));
    List<PlannedFile> files = new ArrayList<>();
    for (int i = 0; i < shards.size(); i++) {
      files.add(shards.get(i).file(shardName(i, shards.size())));
    }
    files.add(PlannedFile.whole("model.safetensors.index.json", index(weights, shards)));
    files.add(PlannedFile.whole("config.json", MlxConfig.of(model, recipe, weights, shortRope)));
    files.add(PlannedFile.whole("README.md", ModelCard.of(model, name, this, weights)));
    files.addAll(PlannedFile.copies(model.checkpoint(), others(model)));
    return new ArtifactPlan(
        spec,
        folder(name),
        false,
        files,
        tensors(weights, shards),
        notes(model, text),
        found.texts());
  }

  private static String[] others(PhiModel model) {
    return model.vision().isPresent()
        ? new String[] {"generation_config.json", "preprocessor_config.json"}
        : new String[] {"generation_config.json"};
  }

  /** Pictures and all. */
  @Override
  public void requireWritten(PhiModel model) {}

  /** What a file says of itself. */
  private static Map<String, String> metadata(InputSquares.Found found) {
    Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "mlx"));
    if (!found.texts().isEmpty()) {
      metadata.put("phiquant.calibrated_on", String.join(", ", found.texts()));
    }
    return metadata;
  }

  @Override
  public ArtifactPlan adapter(PhiModel model, LoraFactors adapter) {
    return MlxAdapter.of(spec, model, adapter);
  }

  private String folder(String name) {
    String group = recipe.groupSize().map(size -> "-g" + size).orElse("");
    String type =
        recipe
            .mode()
            .flatMap(unused -> recipe.type())
            .map(t -> "-" + t.storedName().toLowerCase(Locale.ROOT))
            .orElse("");
    return name
        + "-mlx-"
        + recipe.name()
        + group
        + type
        + (shortRope ? "-short" : "")
        + (recipe.router() ? "-router" : "");
  }

  /** What mlx-lm's phi3.py and phi.py derive from other facts, without looking into config.json. */
  private static void refuseWhatMlxComputesItself(PhiModel model) {
    String fact = null;
    if (!model.config().usualAttention() && !MlxConfig.statesAttention(model)) {
      fact = "longrope's attention_factor is not what follows from the two contexts";
    } else if (!model.config().headsFillHidden()) {
      fact = "head_dim is not hidden_size / num_attention_heads";
    } else if (model.config().small().isPresent() && !model.config().tiedHead()) {
      fact = "the head of this Phi-3-small is not its embedding";
    }
    if (fact != null) {
      throw new UserError(
          "mlx: " + fact + ", which mlx-lm would compute the model with.",
          (model.config().small().isPresent() ? "onnx and safetensors" : "onnx and openvino")
              + " take it.");
    }
  }

  private void refuseGroupThatFitsNothing(List<MlxWeight> weights) {
    if (recipe.mode().isPresent() && weights.stream().noneMatch(MlxWeight::isQuantized)) {
      throw UserError.usage(
          "Groups of %d divide no matrix of this model; MLX has groups of 32, 64 and 128."
              .formatted(recipe.uniform().group()));
    }
  }

  /** Spreads the tensors over files and remembers in each of them where it begins. */
  private static List<SafetensorsLayout> shards(
      List<MlxWeight> weights, Map<String, String> metadata) {
    List<SafetensorsLayout> shards = new ArrayList<>();
    for (MlxWeight weight : weights) {
      for (MlxWeight.Stored stored : weight.stored()) {
        if (shards.isEmpty() || shards.getLast().dataBytes() + stored.bytes() > SHARD_BYTES) {
          shards.add(new SafetensorsLayout(metadata));
        }
        SafetensorsLayout shard = shards.getLast();
        stored.place(
            shards.size() - 1,
            shard.add(stored.name(), stored.dtype(), stored.shape(), stored.bytes()));
      }
    }
    return shards;
  }

  private static String shardName(int index, int count) {
    return count == 1
        ? "model.safetensors"
        : "model-%05d-of-%05d.safetensors".formatted(index + 1, count);
  }

  private static byte[] index(List<MlxWeight> weights, List<SafetensorsLayout> shards) {
    ObjectNode index = JsonNodeFactory.instance.objectNode();
    index
        .putObject("metadata")
        .put("total_size", shards.stream().mapToLong(SafetensorsLayout::dataBytes).sum())
        .put("total_parameters", parameters(weights));
    Map<String, String> files = new TreeMap<>();
    for (MlxWeight weight : weights) {
      for (MlxWeight.Stored stored : weight.stored()) {
        files.put(stored.name(), shardName(stored.shard(), shards.size()));
      }
    }
    files.forEach(index.putObject("weight_map")::put);
    return PythonJson.bytes(index, 4, true);
  }

  /** All, those of what sees too. */
  static long parameters(List<MlxWeight> weights) {
    return weights.stream().mapToLong(weight -> weight.source().tensor().elements()).sum();
  }

  private static List<PlannedTensor> tensors(
      List<MlxWeight> weights, List<SafetensorsLayout> shards) {
    long[] starts = shards.stream().mapToLong(SafetensorsLayout::dataStart).toArray();
    List<PlannedTensor> tensors = new ArrayList<>();
    for (MlxWeight weight : weights) {
      long rows = weight.source().tensor().rows();
      List<Part> parts =
          weight.stored().stream()
              .map(
                  stored ->
                      new Part(
                          stored.shard(),
                          starts[stored.shard()] + stored.begin(),
                          stored.bytes() / rows))
              .toList();
      tensors.add(
          new PlannedTensor(
              weight.source().name(),
              weight.format(),
              weight.source().tensor().shape(),
              weight.bytes(),
              weight.source().tensor(),
              false,
              weight.encoder(),
              parts));
    }
    return tensors;
  }

  private List<String> notes(PhiModel model, List<MlxWeight> weights) {
    List<String> notes = new ArrayList<>();
    if (recipe.mode().isPresent()) {
      long spared = weights.stream().filter(w -> recipe.isSpared(w.source())).count();
      long kept =
          weights.stream()
              .filter(
                  w -> w.source().isMatrix() && !w.isQuantized() && !recipe.isSpared(w.source()))
              .count();
      if (spared > 0) {
        notes.add(
            "%d routers stay %s, so that tokens keep their experts; router=quantized does as mlx-lm."
                .formatted(spared, weights.getFirst().type().storedName()));
      }
      if (kept > 0) {
        notes.add(
            "%d matrices stay %s because groups of %d do not divide their rows."
                .formatted(kept, weights.getFirst().type().storedName(), recipe.uniform().group()));
      }
    }
    ropeNote(model).ifPresent(notes::add);
    departure(model).ifPresent(notes::add);
    return notes;
  }

  /** What mlx-lm computes otherwise than the model's makers, if anything. */
  public static Optional<String> departure(PhiModel model) {
    if (model.vision().isPresent()) {
      return Optional.of(MlxSight.DEPARTURE);
    }
    return model
        .config()
        .small()
        .map(
            facts ->
                "mlx-lm 0.32.2 computes another function with a Phi-3-small than its makers: in"
                    + " layers with block-sparse attention (phi3small.py adds a mask of truth"
                    + " values)"
                    + " a token sees later ones too, to the end of its block of %d;"
                        .formatted(facts.sparse().size())
                    + " phiquant computes the makers' from the same folder.");
  }

  /** Which of longrope's factors the artifact has, and what that means; mlx-vlm has both. */
  Optional<String> ropeNote(PhiModel model) {
    int original = model.config().originalContextLength();
    if (model.config().longRope().isEmpty() || model.vision().isPresent()) {
      return Optional.empty();
    }
    return Optional.of(
        shortRope
            ? "The short rope factors are in the long ones' place: right up to %d tokens, wrong beyond."
                .formatted(original)
            : "mlx-lm uses longrope's long factors at every length, which is wrong below %d tokens;"
                    .formatted(original)
                + " rope=short writes the short ones in their place.");
  }
}
