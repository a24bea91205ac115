package phiquant.engine.onnx.writer;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.Version;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.onnx.writer.genai.GenAiConfig;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.network.NetworkGraph;
import phiquant.engine.onnx.writer.options.Format;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.options.StaticActivations;
import phiquant.engine.plan.ArtifactPlan;
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
  private final String spec;
  private final OnnxOptions options;
  private final List<LoraFactors> adapters;

  private Onnx(String spec, OnnxOptions options, List<LoraFactors> adapters) {
    this.spec = spec;
    this.options = options;
    this.adapters = adapters;
  }

  /**
   * The target for {@code onnx:FORMAT,KEY=VALUE…}.
   *
   * @throws phiquant.UserError (usage) naming what is possible
   */
  public static Onnx target(TargetSpec spec) {
    String format = spec.format().isEmpty() ? "int4" : spec.format().toLowerCase(Locale.ROOT);
    return new Onnx(spec.shown(), OnnxOptions.of(format, spec.options()), List.of());
  }

  @Override
  public String spec() {
    return spec;
  }

  @Override
  public Set<Study<?>> studies() {
    return Stream.<Study<?>>concat(
            options.activations().map(StaticActivations::ranges).stream(),
            options.squares().stream())
        .collect(Collectors.toSet());
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    NetworkGraph network = new NetworkGraph(model, options, findings, adapters);
    List<String> texts = InputSquares.found(options.squares(), findings).texts();
    List<PlannedFile> files = new ArrayList<>();
    files.add(PlannedFile.whole("model.onnx", model(network.graph(), texts)));
    files.add(new PlannedFile(Graph.DATA, network.constants().data().size(), List.of()));
    files.add(PlannedFile.whole("genai_config.json", GenAiConfig.of(model, options)));
    files.addAll(PlannedFile.copies(model.checkpoint(), "config.json", "generation_config.json"));
    return new ArtifactPlan(
        spec,
        folder(name),
        false,
        files,
        network.constants().planned(),
        notes(network, findings),
        texts);
  }

  @Override
  public Target taking(List<LoraFactors> adapters) {
    return new Onnx(spec, options, adapters);
  }

  @Override
  public ArtifactPlan adapter(PhiModel model, LoraFactors adapter) {
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
        + options.format().label()
        + (options.format() == Format.MOBILE ? "" : "-" + options.device().label())
        + (options.block() == 32 ? "" : "-b" + options.block())
        + (options.symmetric() ? "" : "-asym")
        + (options.qdq() ? "-qdq" : "")
        + (options.activations().isPresent() ? "-static" : "");
  }

  /** Versions are those that the operators in use need: IR 10, opset 21. */
  private static byte[] model(Graph graph, List<String> calibratedOn) {
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(10)
            .setProducerName("phiquant")
            .setProducerVersion(Version.NUMBER)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(21))
            .addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(Graph.MICROSOFT).setVersion(1))
            .setGraph(graph.build());
    if (!calibratedOn.isEmpty()) {
      model.addMetadataProps(
          StringStringEntryProto.newBuilder()
              .setKey("phiquant.calibrated_on")
              .setValue(String.join(", ", calibratedOn)));
    }
    return model.build().toByteArray();
  }
}
