package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.checkpoint.Stacked;
import phiquant.checkpoint.StoredTensor;

/**
 * Finds the weights in a graph and gives them their Hugging Face names: an operator's name says
 * which weight it uses ({@code /model/layers.0/attn/o_proj/MatMul_Q4}), whatever its constants are
 * called. What Phi stacks and a graph keeps apart (query, key and value; gate and up) is stacked.
 */
final class OnnxTensors {
  private static final Pattern MATRIX =
      Pattern.compile("/model/(layers\\.\\d+)/(attn|mlp)/(\\w+_proj)/MatMul.*");
  private static final Pattern HEAD = Pattern.compile("/lm_head/MatMul.*");
  private static final Pattern NORM =
      Pattern.compile("/model/(layers\\.\\d+)/(input|post_attention|final_norm)_layernorm/\\w+");
  private static final Pattern EMBEDDING = Pattern.compile("/model/embed_tokens/Gather\\w*");

  /** What computes with a weight, rather than with shapes or positions. */
  private static final Pattern COMPUTES =
      Pattern.compile("Add|Sub|Mul|Div|Gemm|MatMul\\w*|\\w*LayerNormalization");

  private final OnnxWeights weights;
  private final Map<String, StoredTensor> found = new LinkedHashMap<>();
  private final Map<String, StoredTensor> unknown = new LinkedHashMap<>();

  private OnnxTensors(OnnxWeights weights) {
    this.weights = weights;
  }

  /**
   * The weights by name, layer by layer.
   *
   * @param hidden width of the embedding
   * @throws phiquant.UserError if a weight cannot be read, saying why
   */
  static Map<String, StoredTensor> of(OnnxFile file, int hidden) {
    OnnxTensors tensors = new OnnxTensors(new OnnxWeights(file, hidden));
    GraphProto graph = file.graph();
    graph.getNodeList().forEach(tensors::visit);
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    tensors.move("model.embed_tokens.weight", named);
    long layers =
        tensors.found.keySet().stream().filter(name -> name.contains(".down_proj.")).count();
    for (int i = 0; i < layers; i++) {
      tensors.layer("model.layers." + i + ".", named);
    }
    tensors.move("model.norm.weight", named);
    tensors.move("lm_head.weight", named);
    // What has no place in a Phi-3 keeps its name, so that it is not lost without a word.
    named.putAll(tensors.unknown);
    return named;
  }

  private void visit(NodeProto node) {
    Matcher matrix = MATRIX.matcher(node.getName());
    Matcher norm = NORM.matcher(node.getName());
    if (matrix.matches() && node.getOpType().startsWith("MatMul")) {
      String block = matrix.group(2).equals("attn") ? "self_attn" : "mlp";
      String name = "model.%s.%s.%s.weight".formatted(matrix.group(1), block, matrix.group(3));
      found.put(name, weights.matrix(node, name));
    } else if (HEAD.matcher(node.getName()).matches() && node.getOpType().startsWith("MatMul")) {
      found.put("lm_head.weight", weights.matrix(node, "lm_head.weight"));
    } else if (norm.matches() && node.getOpType().endsWith("LayerNormalization")) {
      String name =
          norm.group(2).equals("final_norm")
              ? "model.norm.weight"
              : "model.%s.%s_layernorm.weight".formatted(norm.group(1), norm.group(2));
      found.put(name, weights.norm(node, name));
    } else if (EMBEDDING.matcher(node.getName()).matches()) {
      String name = "model.embed_tokens.weight";
      found.put(name, weights.embedding(node, name));
    } else if (COMPUTES.matcher(node.getOpType()).matches()) {
      weights.floats(node).forEach(tensor -> unknown.put(elsewhere(node, tensor.name()), tensor));
    }
  }

  /** Some constants are named as weights are there; in another operator they are none. */
  private static String elsewhere(NodeProto node, String constant) {
    return constant.endsWith(".weight") ? node.getName() + ": " + constant : constant;
  }

  private void layer(String layer, Map<String, StoredTensor> named) {
    move(layer + "input_layernorm.weight", named);
    stack(layer + "self_attn.", "qkv_proj", List.of("q_proj", "k_proj", "v_proj"), named);
    move(layer + "self_attn.o_proj.weight", named);
    move(layer + "post_attention_layernorm.weight", named);
    stack(layer + "mlp.", "gate_up_proj", List.of("gate_proj", "up_proj"), named);
    move(layer + "mlp.down_proj.weight", named);
  }

  private void stack(
      String block, String whole, List<String> parts, Map<String, StoredTensor> named) {
    String name = block + whole + ".weight";
    List<StoredTensor> apart =
        parts.stream()
            .map(part -> found.get(block + part + ".weight"))
            .filter(Objects::nonNull)
            .toList();
    boolean stackable =
        apart.size() == parts.size()
            && apart.stream().mapToLong(StoredTensor::columns).distinct().count() == 1;
    if (stackable) {
      named.put(name, new Stacked(name, apart));
    } else {
      move(name, named);
    }
  }

  private void move(String name, Map<String, StoredTensor> named) {
    Stream.ofNullable(found.get(name)).forEach(tensor -> named.put(name, tensor));
  }
}
