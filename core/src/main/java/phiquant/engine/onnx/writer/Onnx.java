package phiquant.engine.onnx.writer;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.checkpoint.vocabulary.ChatTemplates;
import phiquant.engine.onnx.writer.genai.GenAiConfig;
import phiquant.engine.onnx.writer.genai.PictureSections;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.network.NetworkGraph;
import phiquant.engine.onnx.writer.npu.NpuGraphs;
import phiquant.engine.onnx.writer.options.FolderLayout;
import phiquant.engine.onnx.writer.options.Format;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.options.PossibleOptions;
import phiquant.engine.onnx.writer.vision.PictureEmbedding;
import phiquant.engine.onnx.writer.vision.VisionGraph;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.ExternalData;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.Study;

/**
 * A folder that ONNX Runtime GenAI loads: the graph, its constants in a file beside it, {@code
 * genai_config.json}, and the checkpoint's own tokenizer files, byte for byte.
 */
public final class Onnx implements Target {
  /** The opset that the operators in use need. */
  private static final int OPERATORS = 21;

  /** That of attention, rotation and norms as operators of ONNX's own. */
  private static final int STATIC = 23;

  private final String spec;
  private final OnnxOptions options;
  private final List<LoraFactors> adapters;

  /** A budget or a recipe's file instead of a format, if there is one. */
  private final Optional<AskedRecipe> asked;

  Onnx(String spec, OnnxOptions options, List<LoraFactors> adapters, Optional<AskedRecipe> asked) {
    this.spec = spec;
    this.options = options;
    this.adapters = adapters;
    this.asked = asked;
  }

  /**
   * The target for {@code onnx:FORMAT,KEY=VALUE…}.
   *
   * @throws phiquant.UserError (usage) naming what is possible
   */
  public static Onnx target(TargetSpec spec) {
    String format = spec.format().isEmpty() ? "int4" : spec.format().toLowerCase(Locale.ROOT);
    Optional<AskedRecipe> asked = AskedRecipe.of(spec, PossibleOptions.CHOOSING);
    return new Onnx(spec.shown(), OnnxOptions.of(format, spec.options()), List.of(), asked);
  }

  @Override
  public String spec() {
    return spec;
  }

  @Override
  public Set<Study<?>> studies() {
    return Stream.<Optional<? extends Study<?>>>of(
            options.activationStudy(),
            options.squares(),
            asked.flatMap(recipe -> recipe.study(new OnnxMenu(options))))
        .flatMap(Optional::stream)
        .collect(Collectors.toSet());
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    if (options.sizes().isPresent()) {
      return staticPlan(model, name, findings);
    }
    if (asked.isPresent() && options.chosen().isEmpty()) {
      asked.get().refuseExperts(model);
      AskedRecipe.Answer answer = asked.get().answer(new OnnxMenu(options), model, findings);
      OnnxOptions chosen = options.with(OnnxMenu.formats(options, model, answer.recipe()));
      return answer.told(new Onnx(spec, chosen, adapters, asked).plan(model, name, findings));
    }
    boolean sees = model.vision().isPresent();
    FolderLayout layout = options.layout();
    // First, because it refuses architectures that transformers.js does not have.
    List<PlannedFile> companions =
        sees
            ? PictureSections.companions(model)
            : layout.web().isPresent() ? webFiles(model) : companions(model);
    OnnxOptions text = sees ? options.withoutEmbedding() : options;
    NetworkGraph network = new NetworkGraph(model, text, findings, adapters);
    List<String> texts = InputSquares.found(options.squares(), findings).texts();
    List<PlannedFile> files = new ArrayList<>();
    byte[] graph = model(network.graph().build(), OPERATORS, texts);
    files.add(PlannedFile.whole(layout.graph(), graph));
    files.add(new PlannedFile(layout.data(), network.constants().data().size(), List.of()));
    if (sees) {
      files.addAll(sight(model, network.constants()));
    }
    files.add(PlannedFile.whole("genai_config.json", GenAiConfig.of(model, text)));
    files.addAll(companions);
    List<String> notes = new ArrayList<>(notes(network, findings));
    if (sees) {
      notes.add(PictureSections.NOTE);
    }
    return new ArtifactPlan(
        spec, folder(name), false, files, network.constants().planned(), notes, texts);
  }

  /**
   * The graphs before the decoder of a model that sees, each with its constants in a file of its
   * own, and what its processor reads.
   *
   * @param constants those of the decoder, with which these are written
   */
  private List<PlannedFile> sight(PhiModel model, Constants constants) {
    Graph embedding = new Graph("embedding_graph");
    ExternalData words = new ExternalData(2, PictureSections.EMBEDDING + ".data");
    PictureEmbedding.build(
        embedding,
        constants.of(embedding).in(words),
        model,
        options.type(),
        options.embeddingPrecision(model));
    Graph vision = new Graph("vision_graph");
    ExternalData seen = new ExternalData(3, PictureSections.VISION + ".data");
    VisionGraph.build(
        vision,
        constants.of(vision).in(seen),
        model.vision().orElseThrow(),
        options.type(),
        options.visionPrecision(model),
        options.accuracyLevel());
    return List.of(
        new PlannedFile(PictureSections.EMBEDDING + ".data", words.size(), List.of()),
        new PlannedFile(PictureSections.VISION + ".data", seen.size(), List.of()),
        PlannedFile.whole(
            PictureSections.EMBEDDING, model(embedding.build(), OPERATORS, List.of())),
        PlannedFile.whole(PictureSections.VISION, model(vision.build(), OPERATORS, List.of())),
        PlannedFile.whole(PictureSections.PROCESSOR, PictureSections.processor()));
  }

  @Override
  public void requireWritten(PhiModel model) {
    if (model.vision().isEmpty()) {
      if (options.vision().isPresent()) {
        throw UserError.usage("onnx: vision= is for models that see; this is a model of text.");
      }
      return;
    }
    if (options.sizes().isPresent()
        || options.layout().web().isPresent()
        || options.activations().isPresent()
        || options.noEmbedding()
        || options.noHead()
        || options.hidden()
        || !adapters.isEmpty()) {
      throw UserError.usage(
          "onnx: a model that sees is several graphs that fit each other: it takes neither"
              + " device=npu, for=web, activations=static, exclude_embeds, exclude_lm_head,"
              + " include_hidden_states nor --adapter.");
    }
  }

  /** Several graphs of fixed sizes, and one file of constants. */
  private ArtifactPlan staticPlan(PhiModel model, String name, Findings findings) {
    NpuGraphs network =
        NpuGraphs.of(model, options, findings, GenAiConfig.promptPadding(model.checkpoint()));
    List<String> texts = InputSquares.found(options.squares(), findings).texts();
    List<PlannedFile> files = new ArrayList<>();
    network
        .graphs()
        .forEach(
            (graph, proto) ->
                files.add(PlannedFile.whole(graph + ".onnx", model(proto, STATIC, texts))));
    files.add(1, new PlannedFile(Graph.DATA, network.constants().data().size(), List.of()));
    files.add(2, new PlannedFile(NpuGraphs.TABLE, network.table().size(), List.of()));
    byte[] genai = GenAiConfig.of(model, options, network.parts());
    files.add(PlannedFile.whole("genai_config.json", genai));
    files.addAll(companions(model));
    return new ArtifactPlan(
        spec, folder(name), false, files, network.constants().planned(), network.notes(), texts);
  }

  private static List<PlannedFile> companions(PhiModel model) {
    return PlannedFile.copies(model.checkpoint(), "config.json", "generation_config.json");
  }

  /** transformers.js reads no template but tokenizer_config.json's. */
  private List<PlannedFile> webFiles(PhiModel model) {
    List<PlannedFile> files = new ArrayList<>();
    files.add(PlannedFile.whole("config.json", options.layout().config(model)));
    ChatTemplates.within(model.checkpoint())
        .ifPresent(bytes -> files.add(PlannedFile.whole("tokenizer_config.json", bytes)));
    PlannedFile.copies(model.checkpoint(), "generation_config.json").stream()
        .filter(file -> !file.path().equals("tokenizer_config.json"))
        .forEach(files::add);
    return files;
  }

  /**
   * The same for adapters.
   *
   * @throws UserError (usage) if graphs of fixed sizes are asked for, which take none
   */
  @Override
  public Target taking(List<LoraFactors> adapters) {
    if (!adapters.isEmpty()) {
      refuseAdapters();
    }
    return new Onnx(spec, options, adapters, asked);
  }

  private void refuseAdapters() {
    if (options.sizes().isPresent()) {
      throw UserError.usage(
          "onnx: device=npu takes no adapters beside the model; merge them with --lora.");
    }
  }

  @Override
  public ArtifactPlan adapter(PhiModel model, LoraFactors adapter) {
    refuseAdapters();
    Findings findings = Findings.assumed(studies(), model);
    NetworkGraph network = new NetworkGraph(model, options, findings, List.of(adapter));
    String type = options.type().storedName().toLowerCase(Locale.ROOT);
    return AdapterFile.of(
        spec,
        adapter.name() + "-" + type + ".onnx_adapter",
        network.branches().parameters(adapter),
        options.type());
  }

  private static List<String> notes(NetworkGraph network, Findings findings) {
    return findings.areAssumed() && !network.notes().isEmpty()
        ? List.of("Calibration will tell which inputs are rounded to 8 bits and which to 16.")
        : network.notes();
  }

  private String folder(String name) {
    return name
        + "-onnx-"
        + asked.map(AskedRecipe::label).orElse(options.format().label())
        + (options.format() == Format.MOBILE ? "" : "-" + options.device().label())
        + (options.block() == 32 ? "" : "-b" + options.block())
        + (options.symmetric() ? "" : "-asym")
        + (options.qdq() ? "-qdq" : "")
        + (options.activations().isPresent() ? "-static" : "")
        + (options.layout().web().isPresent() ? "-web" : "");
  }

  /** The model's bytes; IR 10 is that of opset 21, 11 that of opset 23. */
  private static byte[] model(GraphProto graph, int operators, List<String> calibratedOn) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(operators == STATIC ? 11 : 10)
            .setProducerName("phiquant")
            .setProducerVersion(Version.NUMBER)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(operators))
            .addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(Graph.MICROSOFT).setVersion(1))
            .setGraph(graph);
    if (!calibratedOn.isEmpty()) {
      model.addMetadataProps(
          StringStringEntryProto.newBuilder()
              .setKey("phiquant.calibrated_on")
              .setValue(String.join(", ", calibratedOn)));
    }
    return model.build().toByteArray();
  }
}
