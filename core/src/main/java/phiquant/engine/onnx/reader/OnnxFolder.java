package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.CheckpointFolder;
import phiquant.checkpoint.CompanionFiles;
import phiquant.checkpoint.HuggingFaceFolder;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Stacked;

/**
 * A folder with a model for ONNX Runtime GenAI, seen as a checkpoint of Hugging Face: its constants
 * under their names there. Reads what {@code --to onnx} writes, and what GenAI's model builder does
 * if the checkpoint's {@code config.json} is put beside it.
 */
public final class OnnxFolder extends CheckpointFolder {
  private static final String MODEL = "model.onnx";

  /** The graphs of layers of a model that is several graphs of fixed sizes: one, or numbered. */
  private static final List<String> LAYERS = List.of("prompt.onnx", "prompt-1.onnx");

  /** What has the rest of its weights. */
  private static final List<String> ENDS = List.of("head.onnx", "embedding.onnx");

  /** What stands before the decoder of a model that sees. */
  private static final List<String> SIGHT = List.of("embedding.onnx", "vision.onnx");

  private static final String GENAI = "genai_config.json";
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private final Map<String, StoredTensor> tensors;
  private final Map<String, Integer> operators = new TreeMap<>();

  /** The version of what compiled its graphs; null if they are graphs still. */
  private String compiler;

  /**
   * Opens a folder.
   *
   * @throws UserError if its files are damaged or do not belong together
   */
  public OnnxFolder(Path folder) {
    super(folder, "Copy it there from the checkpoint that the model was made of.");
    this.tensors = map(files -> open(folder, files));
    sayWhetherTheHeadIsTied();
  }

  private Map<String, StoredTensor> open(Path folder, MappedFiles files) {
    List<Path> graphs = graphs(folder);
    OnnxFile model =
        graphs.size() == 1 ? OnnxFile.open(graphs.getFirst(), files) : OnnxFile.open(graphs, files);
    for (NodeProto node : model.graph().getNodeList()) {
      operators.merge(node.getOpType(), 1, Integer::sum);
      if (node.getOpType().equals("EPContext")) {
        compiler = new OnnxOperator(model, node).text("ep_sdk_version");
      }
    }
    return OnnxTensors.of(model, config(), folder + ": config.json");
  }

  /** One, or the several that have the weights together. */
  private static List<Path> graphs(Path folder) {
    Path whole = graph(folder);
    if (!Files.exists(whole) && LAYERS.stream().anyMatch(name -> exists(folder, name))) {
      Stream<String> layers =
          exists(folder, LAYERS.getFirst())
              ? Stream.of(LAYERS.getFirst())
              : IntStream.iterate(1, part -> part + 1)
                  .mapToObj("prompt-%d.onnx"::formatted)
                  .takeWhile(name -> exists(folder, name));
      return Stream.concat(layers, ENDS.stream()).map(folder::resolve).toList();
    }
    List<Path> graphs = new ArrayList<>(List.of(whole));
    if (Files.exists(folder.resolve(SIGHT.getLast()))) {
      SIGHT.forEach(graph -> graphs.add(folder.resolve(graph)));
    }
    return graphs;
  }

  private static boolean exists(Path folder, String name) {
    return Files.exists(folder.resolve(name));
  }

  /** The one of the usual name, or that which GenAI is told of, within the folder. */
  private static Path graph(Path folder) {
    Path usual = folder.resolve(MODEL);
    if (Files.exists(usual)) {
      return usual;
    }
    String told =
        CompanionFiles.read(folder, GENAI)
            .map(bytes -> Json.object(bytes, folder + "/" + GENAI))
            .map(genai -> genai.path("model").path("decoder").path("filename").asText())
            .orElse("");
    return told.matches("(onnx/)?[\\w.-]{1,100}\\.onnx") ? folder.resolve(told) : usual;
  }

  /**
   * A tied head is one weight if the graph stores it once; stored twice, in two precisions, it is
   * two weights, whatever the original was.
   */
  private void sayWhetherTheHeadIsTied() {
    StoredTensor embedding = tensors.get(EMBEDDING);
    StoredTensor head = tensors.get(HEAD);
    if (!config().path("tie_word_embeddings").asBoolean() || head == null) {
      return;
    }
    if (embedding == null) {
      tensors.put(EMBEDDING, new Stacked(EMBEDDING, List.of(tensors.remove(HEAD))));
    } else if (OnnxWeights.sameBytes(embedding, head)) {
      tensors.remove(HEAD);
    } else {
      config().put("tie_word_embeddings", false);
    }
  }

  /**
   * Opens a folder, if it is one of these and not a checkpoint that has such a model beside it.
   *
   * @throws UserError if it is damaged, or a file of such a folder
   */
  public static Optional<OnnxFolder> open(Path path) {
    if (path.toString().endsWith(".onnx") && Files.isRegularFile(path)) {
      throw new UserError(
          path + " is one file of a model.", "Give its folder, with " + MODEL + " in it.");
    }
    boolean one = Files.exists(path.resolve(MODEL)) || Files.exists(path.resolve(GENAI));
    return one && !HuggingFaceFolder.is(path)
        ? Optional.of(new OnnxFolder(path))
        : Optional.empty();
  }

  /** A binary for a chip is loaded by runtimes that are no older than its compiler. */
  @Override
  public List<String> notices() {
    List<String> notices = new ArrayList<>(super.notices());
    if (compiler != null) {
      notices.add(
          path()
              + " is compiled for an NPU, by Qualcomm's AI Runtime "
              + compiler.replaceFirst("^v?(\\d{1,9}\\.\\d{1,9}\\.\\d{1,9}).*", "$1")
              + "; its weights are in the folder that it was made of.");
    }
    return notices;
  }

  @Override
  public Map<String, Integer> operators() {
    return operators;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public boolean isQuantized() {
    return Stream.of("MatMulNBits", "QMoE", "DequantizeLinear").anyMatch(operators::containsKey);
  }
}
