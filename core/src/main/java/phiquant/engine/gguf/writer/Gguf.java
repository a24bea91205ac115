package phiquant.engine.gguf.writer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.imatrix.ImportanceMatrix;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PiledRows;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedFile.Fixed;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.study.Findings;
import phiquant.study.Study;

/**
 * The file that llama.cpp runs. Byte for byte what convert_hf_to_gguf and llama-quantize make one
 * after the other, but made at once: the metadata is known before the weights, and so is every
 * tensor's offset.
 */
public final class Gguf implements Target {
  private final String spec;
  private final GgufOptions options;

  Gguf(String spec, GgufOptions options) {
    this.spec = spec;
    this.options = options;
  }

  /**
   * The target for {@code gguf:TYPE,KEY=VALUE…}.
   *
   * @throws UserError (usage) naming what is possible
   */
  public static Target target(TargetSpec spec) {
    if (spec.format().equalsIgnoreCase(GgufMmproj.FORMAT)) {
      return GgufMmproj.of(spec);
    }
    return new Gguf(spec.toString(), GgufOptions.of(spec));
  }

  @Override
  public String spec() {
    return spec;
  }

  /** A tensor with its type, and what encodes it. */
  private record Typed(
      GgufTensors.Named named, GgmlType type, BlockFormat format, RowEncoder encoder) {
    List<Long> shape() {
      return named.weight() == null
          ? List.of(named.constant().length / 4L)
          : named.weight().tensor().shape();
    }

    long bytes() {
      return named.weight() == null
          ? named.constant().length
          : format.bytes(named.weight().tensor().elements());
    }
  }

  @Override
  public Set<Study<?>> studies() {
    return options.asked().flatMap(asked -> asked.study(new GgufMenu(options))).stream()
        .collect(Collectors.toSet());
  }

  @Override
  public ArtifactPlan plan(PhiModel model, String name, Findings findings) {
    if (options.asked().isEmpty()) {
      return laid(model, name + "-" + options.recipe().fileType());
    }
    AskedRecipe asked = options.asked().get();
    asked.refuseExperts(model);
    AskedRecipe.Answer answer = asked.answer(new GgufMenu(options), model, findings);
    ArtifactPlan plan =
        new Gguf(spec, GgufMenu.chosen(options, model, answer.recipe()))
            .laid(model, name + "-" + asked.label());
    return answer.told(plan);
  }

  /** Lays out a file whose types are known. */
  ArtifactPlan laid(PhiModel model, String base) {
    if (!model.config().headsFillHidden()) {
      throw new UserError(
          "gguf: head_dim is not hidden_size / num_attention_heads, which llama.cpp needs.",
          "onnx and openvino take it.");
    }
    if (options.exactMixture() && model.config().experts().isEmpty()) {
      throw UserError.usage("gguf: moe=exact is for mixtures of experts, which this model is not.");
    }
    TensorImportance importance =
        TensorImportance.of(
            options.imatrix().map(ImportanceMatrix::read), model, options.imatrixZeros());
    List<Weight> weights = options.exactMixture() ? ExactMixture.of(model) : model.piled();
    List<Typed> tensors = new ArrayList<>();
    List<String> fallbacks = new ArrayList<>();
    for (GgufTensors.Named named :
        options.converterLayout()
            ? GgufTensors.converterOrder(model, weights)
            : GgufTensors.quantizerOrder(model, weights)) {
      GgmlType type = type(model, named, fallbacks);
      BlockFormat format = GgmlFormats.of(type);
      tensors.add(new Typed(named, type, format, encoder(named, type, format, importance)));
    }
    Map<String, MetadataValue> metadata =
        GgufMetadata.of(
            model,
            options.recipe().fileType(),
            options.name(),
            !options.converterLayout(),
            options.exactMixture());
    if (!options.converterLayout()) {
      metadata.putAll(importance.keys());
    }
    List<List<Typed>> files = split(tensors);
    List<PlannedFile> planned = new ArrayList<>();
    List<PlannedTensor> encoded = new ArrayList<>();
    for (int i = 0; i < files.size(); i++) {
      String path =
          files.size() == 1
              ? base + ".gguf"
              : String.format("%s-%05d-of-%05d.gguf", base, i + 1, files.size());
      planned.add(
          file(path, header(metadata, i, files.size(), tensors.size()), files.get(i), i, encoded));
    }
    boolean single = files.size() == 1;
    return new ArtifactPlan(
        spec,
        single ? base + ".gguf" : base,
        single,
        planned,
        encoded,
        notes(model, fallbacks, metadata, importance));
  }

  /** Of a model that sees, the text part is written, and a note says so. */
  @Override
  public void requireWritten(PhiModel model) {}

  @Override
  public boolean leavesTowersApart() {
    return true;
  }

  @Override
  public ArtifactPlan adapter(PhiModel model, LoraFactors adapter) {
    return GgufAdapter.of(spec, model, adapter);
  }

  private GgmlType type(PhiModel model, GgufTensors.Named named, List<String> fallbacks) {
    Weight weight = named.weight();
    if (weight == null) {
      return GgmlType.F32;
    }
    GgmlType stored = stored(weight.tensor());
    GgmlType type = options.recipe().typeOf(weight, named.name(), model.config(), stored);
    if (weight.tensor().columns() % type.blockSize() != 0) {
      throw new UserError(
          "gguf: "
              + type
              + " needs rows that "
              + type.blockSize()
              + " divides, '"
              + named.name()
              + "' has "
              + weight.tensor().columns()
              + " columns.");
    }
    if (weight.tensor().columns() % 256 != 0 && weight.isMatrix()) {
      fallbacks.add(named.name() + " as " + type);
    }
    return type;
  }

  /** The type that an unquantized file would have for it. */
  private static GgmlType stored(StoredTensor tensor) {
    return GgmlType.named(tensor.format())
        .filter(type -> !type.isQuantized())
        .orElse(GgmlType.BF16);
  }

  /** What encodes a tensor, told how much its columns count. */
  private RowEncoder encoder(
      GgufTensors.Named named, GgmlType type, BlockFormat format, TensorImportance importance) {
    if (named.weight() == null) {
      return new BlockRows(format);
    }
    StoredTensor tensor = named.weight().tensor();
    List<float[]> columns = importance.of(named.name(), Math.toIntExact(tensor.columns()));
    if (columns.isEmpty() && options.recipe().needsImportance(type, named.weight().role())) {
      throw UserError.usage(
          "gguf: "
              + type
              + " is garbage without an importance matrix, and there is none for '"
              + named.name()
              + "': give one with --imatrix FILE, made by phiquant calibrate.");
    }
    return PiledRows.of(
        columns, tensor.rows(), own -> new BlockRows(own.map(format::weighted).orElse(format)));
  }

  private List<String> notes(
      PhiModel model,
      List<String> fallbacks,
      Map<String, MetadataValue> metadata,
      TensorImportance importance) {
    List<String> notes = new ArrayList<>(importance.notes());
    GgufArchitecture architecture = GgufArchitecture.of(model.architecture());
    architecture.departure(options.exactMixture()).ifPresent(notes::add);
    if (!fallbacks.isEmpty() && options.recipe().fileType().defaultType().blockSize() == 256) {
      notes.add(
          "256 does not divide the rows of "
              + fallbacks.size()
              + " tensors, which get a type with blocks of 32 instead, as in llama-quantize: "
              + fallbacks.get(0)
              + (fallbacks.size() > 1 ? " and others." : "."));
    }
    if (metadata.get("tokenizer.ggml.model").equals(new MetadataValue.Text("llama"))
        && !String.valueOf(metadata.get("general.name")).matches("(?i).*phi-?3.*")) {
      notes.add(
          "llama.cpp strips white space after <|user|> and its kin, as Phi-3 needs in a chat, only"
              + " in models whose name contains phi-3: give --name Phi-3….");
    }
    if (options.recipe().fileType() == GgufFileType.NVFP4) {
      notes.add(
          "NVFP4 in GGUF has no scale for a whole tensor: sixteen weights below 0.0058 become"
              + " zeros, and below 0.09 their scale is coarse.");
    }
    if (options.recipe().fileType() == GgufFileType.Q2_K_S && !importance.isPresent()) {
      notes.add(
          "llama-quantize refuses Q2_K_S without an importance matrix; Q2_K is better without"
              + " one.");
    }
    return notes;
  }

  /** Tensors go to a file until the next would not fit, as in llama-gguf-split. */
  private List<List<Typed>> split(List<Typed> tensors) {
    List<List<Typed>> files = new ArrayList<>();
    files.add(new ArrayList<>());
    long size = 0;
    for (Typed tensor : tensors) {
      long bytes = GgufHeader.aligned(tensor.bytes());
      if (options.splitMaxSize() > 0 && size > 0 && size + bytes > options.splitMaxSize()) {
        files.add(new ArrayList<>());
        size = 0;
      }
      files.get(files.size() - 1).add(tensor);
      size += bytes;
    }
    return files;
  }

  /** The first file of a split model has all the keys; all have those that number the files. */
  private static Map<String, MetadataValue> header(
      Map<String, MetadataValue> metadata, int number, int count, int tensors) {
    if (count == 1) {
      return metadata;
    }
    Map<String, MetadataValue> keys = new LinkedHashMap<>(number == 0 ? metadata : Map.of());
    keys.put("split.no", new MetadataValue.U16(number));
    keys.put("split.tensors.count", new MetadataValue.I32(tensors));
    // llama-gguf-split knows the count last: setting a key again moves it to the end.
    keys.put("split.count", new MetadataValue.U16(count));
    return keys;
  }

  private static PlannedFile file(
      String path,
      Map<String, MetadataValue> metadata,
      List<Typed> tensors,
      int number,
      List<PlannedTensor> encoded) {
    List<GgufHeader.Tensor> infos = new ArrayList<>();
    long offset = 0;
    for (Typed tensor : tensors) {
      infos.add(
          new GgufHeader.Tensor(tensor.named().name(), tensor.shape(), tensor.type(), offset));
      offset += GgufHeader.aligned(tensor.bytes());
    }
    byte[] header = GgufHeader.write(metadata, infos);
    List<Fixed> fixed = new ArrayList<>();
    fixed.add(new Fixed(0, header));
    for (int i = 0; i < tensors.size(); i++) {
      Typed tensor = tensors.get(i);
      long at = header.length + infos.get(i).offset();
      if (tensor.named().weight() == null) {
        fixed.add(new Fixed(at, tensor.named().constant()));
      } else {
        encoded.add(planned(tensor, number, at));
      }
    }
    return new PlannedFile(path, header.length + offset, fixed);
  }

  private static PlannedTensor planned(Typed tensor, int file, long at) {
    BlockFormat format = tensor.format();
    StoredTensor source = tensor.named().weight().tensor();
    return new PlannedTensor(
        tensor.named().name(),
        tensor.type().name(),
        source.shape(),
        tensor.bytes(),
        source,
        false,
        tensor.encoder(),
        List.of(new Part(file, at, format.bytes(source.columns()))));
  }
}
