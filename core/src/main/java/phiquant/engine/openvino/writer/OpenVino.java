package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.Background;
import phiquant.UserError;
import phiquant.engine.openvino.IrFiles;
import phiquant.engine.openvino.ir.Type;
import phiquant.engine.openvino.tokenizer.TokenizerModels;
import phiquant.engine.openvino.writer.Options.Fallback;
import phiquant.engine.openvino.writer.WeightPrecision.Compressed;
import phiquant.engine.openvino.writer.WeightPrecision.Plain;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.F4E2M1;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.LayerErrors;
import phiquant.study.Study;

/**
 * A folder with the model as OpenVINO's intermediate representation (XML and .bin) and the
 * checkpoint's own files beside it.
 */
public final class OpenVino implements Target {
  private final String spec;
  private final Options options;

  /** A budget or a recipe's file instead of a format, if there is one. */
  private final Optional<AskedRecipe> asked;

  OpenVino(String spec, Options options, Optional<AskedRecipe> asked) {
    this.spec = spec;
    this.options = options;
    this.asked = asked;
  }

  /**
   * The target for {@code openvino:FORMAT,KEY=VALUE…}.
   *
   * @throws UserError (usage) naming what is possible
   */
  public static OpenVino target(TargetSpec spec) {
    String format = spec.format().isEmpty() ? "int4" : spec.format().toLowerCase(Locale.ROOT);
    Optional<AskedRecipe> asked = AskedRecipe.of(spec, Options.CHOOSING);
    Options options = Options.of(format, spec.options());
    return new OpenVino(
        spec.shown(), asked.map(unused -> options.ofRecipe()).orElse(options), asked);
  }

  @Override
  public String spec() {
    return spec;
  }

  @Override
  public Set<Study<?>> studies() {
    Set<Study<?>> studies = new HashSet<>();
    options.squares().ifPresent(studies::add);
    asked.flatMap(recipe -> recipe.study(menu())).ifPresent(studies::add);
    if (ranksLayers()) {
      studies.add(new LayerErrors());
    }
    return studies;
  }

  private OpenVinoMenu menu() {
    return new OpenVinoMenu(options);
  }

  /** If all layers are wanted, NNCF does not rank them. */
  private boolean ranksLayers() {
    return options.fourBits().isPresent()
        && options.layers().equals("nncf")
        && options.ratio() != 1;
  }

  /** Pictures and all. */
  @Override
  public void requireWritten(PhiModel model) {}

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    if (model.config().small().isPresent()) {
      throw new UserError(
          "openvino: block-sparse attention, as a Phi-3-small has it, is not written: optimum has"
              + " no class for it.",
          "onnx, mlx and safetensors take it, and phiquant runs it.");
    }
    InputSquares.Found found = InputSquares.found(options.squares(), findings);
    if (asked.isPresent()) {
      asked.get().refuseExperts(model);
      AskedRecipe.Answer answer = asked.get().answer(menu(), model, findings);
      Map<Weight, WeightPrecision> chosen = OpenVinoMenu.precisions(model, answer.recipe());
      String base = name + "-openvino-" + asked.get().label();
      return answer.told(laid(model, base, chosen, found, List.of()));
    }
    List<String> notes = new ArrayList<>();
    Map<Weight, WeightPrecision> precisions = precisions(model, findings, notes);
    return laid(model, name + "-openvino-" + options.label(), precisions, found, notes);
  }

  /** Lays out a folder of matrices whose formats are known. */
  ArtifactPlan laid(
      PhiModel model,
      String folder,
      Map<Weight, WeightPrecision> precisions,
      InputSquares.Found found,
      List<String> remarks) {
    List<String> notes = new ArrayList<>(remarks);
    Background<TokenizerModels> texts =
        Background.begin(() -> TokenizerModels.of(model.checkpoint()));
    SelfDescription self = new SelfDescription(options, precisions, found.texts());
    Optional<SeeingFolder> seeing = seeing(model);
    List<IrModel> models =
        seeing.isPresent()
            ? seeing.get().models(precisions::get, found, self)
            : List.of(ofText(model, new WeightStorage(precisions::get, found, 1), self));
    List<PlannedFile> files = new ArrayList<>();
    List<PlannedTensor> tensors = new ArrayList<>();
    List<PlannedTensor> vectors = new ArrayList<>();
    for (IrModel each : models) {
      files.addAll(each.files());
      tensors.addAll(each.flow().constants().planned());
      vectors.addAll(each.flow().constants().vectors());
    }
    files.add(PlannedFile.whole("openvino_config.json", self.config()));
    files.add(PlannedFile.whole("generation_config.json", GenerationConfig.of(model.checkpoint())));
    if (seeing.isPresent()) {
      SeeingConfig config = SeeingConfig.of(model, seeing.get().vision(), files.size());
      files.add(config.file());
      vectors.addAll(config.vectors());
      files.add(seeing.get().preprocessor());
      files.addAll(PlannedFile.copies(model.checkpoint()));
      seeing.get().departure().ifPresent(notes::add);
    } else {
      files.addAll(PlannedFile.copies(model.checkpoint(), "config.json"));
    }
    if (model.config().longRope().isPresent()) {
      notes.add(
          "OpenVINO GenAI computes prompts in parts; for one beyond %d tokens give %s ATTENTION_BACKEND=\"SDPA\", or longrope is not right."
              .formatted(
                  model.config().originalContextLength(),
                  seeing.isPresent() ? "VLMPipeline" : "LLMPipeline"));
    }
    TokenizerModels tokenizer = texts.result();
    files.addAll(tokenizer.files());
    tokenizer.note().ifPresent(notes::add);
    return new ArtifactPlan(
        spec, folder, false, files, tensors, vectors, notes, found.texts(), Optional.empty());
  }

  private Optional<SeeingFolder> seeing(PhiModel model) {
    if (model.vision().isEmpty() && options.asksForVision()) {
      throw UserError.usage("openvino: vision is for models that see; this one does not.");
    }
    return model.vision().map(vision -> new SeeingFolder(model, vision, options));
  }

  private static IrModel ofText(PhiModel model, WeightStorage weights, SelfDescription self) {
    return new IrModel(
        IrFiles.MODEL,
        model.architecture().modelType(),
        TextFlow.ofTokens(model.network(), model.config(), weights),
        self.runtimeInfo());
  }

  private Map<Weight, WeightPrecision> precisions(
      PhiModel model, Findings findings, List<String> notes) {
    Map<Weight, WeightPrecision> precisions = new LinkedHashMap<>();
    Optional<CompressionFormat> fourBits = options.fourBits();
    Set<Weight> chosen = fourBits.isPresent() ? chosen(model, findings) : Set.of();
    IntegerFormat backup =
        options.npu() || (options.format().equals("int8") && options.symmetric())
            ? IntegerFormat.INT8_SYM
            : IntegerFormat.INT8_ASYM;
    List<String> adjusted = new ArrayList<>();
    for (Weight weight : model.piled()) {
      if (!weight.isMatrix()) {
        continue;
      }
      WeightPrecision precision = new Compressed(backup, Compressed.WHOLE_ROW);
      if (options.format().equals("fp32") || options.format().equals("fp16")) {
        precision = new Plain(options.format().equals("fp32") ? Type.F32 : Type.F16);
      } else if (weight.role() == Role.ROUTER) {
        // NNCF compresses it too; one that is off by a little chooses other experts.
        precision = new Plain(Type.F16);
      } else if (chosen.contains(weight)) {
        precision = grouped(weight, fourBits.get(), backup, adjusted);
      }
      precisions.put(weight, precision);
    }
    if (ranksLayers() && findings.areAssumed()) {
      notes.add(
          "Which layers get 4 bits is known when all weights have been read; here it is the first"
              + " ones, as many as the ratio allows.");
    }
    if (!adjusted.isEmpty()) {
      notes.add(
          "The group size "
              + options.group()
              + " does not divide the rows of "
              + adjusted.size()
              + " tensors, which got another one: "
              + adjusted.get(0)
              + (adjusted.size() > 1 ? " and others." : "."));
    }
    return precisions;
  }

  private Set<Weight> chosen(PhiModel model, Findings findings) {
    Set<Weight> chosen =
        switch (options.layers()) {
          case "auto" -> LayerChoice.auto(model);
          case "nncf" ->
              ranksLayers()
                  ? LayerChoice.nncf(model, options.ratio(), findings.of(new LayerErrors()))
                  : Set.copyOf(LayerChoice.candidates(model));
          case "all" -> Set.copyOf(LayerChoice.candidates(model));
          default -> LayerChoice.matching(model, options.pattern());
        };
    if (options.allLayers()) {
      chosen = new HashSet<>(chosen);
      for (Weight weight : model.weights()) {
        if (weight.role() == Role.EMBEDDING || weight.role() == Role.HEAD) {
          chosen.add(weight);
        }
      }
    }
    return chosen;
  }

  private WeightPrecision grouped(
      Weight weight, CompressionFormat format, IntegerFormat backup, List<String> adjusted) {
    long columns = weight.tensor().columns();
    int group = options.group();
    if (group == Compressed.WHOLE_ROW || columns % group == 0) {
      return new Compressed(format, group);
    }
    if (options.fallback() == Fallback.ERROR) {
      throw new UserError(
          "openvino: the group size "
              + group
              + " does not divide the "
              + columns
              + " columns of '"
              + weight.name()
              + "'.",
          "Give a smaller group, or group-size-fallback=adjust.");
    }
    if (options.fallback() == Fallback.ADJUST && !(format instanceof F4E2M1)) {
      // 32 is the smallest that NNCF adjusts to (min_adjusted_group_size).
      for (int smaller = group / 2; smaller >= 32; smaller /= 2) {
        if (columns % smaller == 0) {
          adjusted.add(weight.name() + " has groups of " + smaller);
          return new Compressed(format, smaller);
        }
      }
    }
    adjusted.add(weight.name() + " has 8 bits");
    return new Compressed(backup, Compressed.WHOLE_ROW);
  }
}
