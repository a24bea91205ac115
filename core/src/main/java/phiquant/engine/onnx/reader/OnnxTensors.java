package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.checkpoint.ConfigForm;
import phiquant.checkpoint.Stacked;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.phi.Phi2;

/**
 * Finds the weights in a graph and gives them their Hugging Face names: an operator's name says
 * which weight it uses ({@code /model/layers.0/attn/o_proj/MatMul_Q4}), whatever its constants are
 * called. What Phi stacks and a graph keeps apart (query, key and value; gate and up) is stacked.
 */
final class OnnxTensors {
  private static final Pattern MATRIX =
      Pattern.compile("/model/(layers\\.\\d+)/(attn|mlp)/(\\w+_proj|fc[12])/MatMul.*");
  private static final Pattern BIAS =
      Pattern.compile("/(?:model/(layers\\.\\d+)/(attn|mlp)/(\\w+_proj|fc[12])|lm_head)/Add");
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
  private final boolean biased;

  private OnnxTensors(OnnxWeights weights, boolean biased) {
    this.weights = weights;
    this.biased = biased;
  }

  /**
   * The weights by name, layer by layer.
   *
   * @param config of the checkpoint that it was made of
   * @param where the name of its file, for error messages
   * @throws phiquant.UserError if a weight cannot be read, saying why
   */
  static Map<String, StoredTensor> of(OnnxFile file, ObjectNode config, String where) {
    boolean phi2 = ConfigForm.isPhi2(config);
    int hidden = config.path("hidden_size").asInt();
    OnnxTensors tensors = new OnnxTensors(new OnnxWeights(file, hidden), phi2);
    GraphProto graph = file.graph();
    graph.getNodeList().forEach(tensors::visit);
    if (phi2) {
      PhiConfig facts = PhiConfig.of(config, where, new Phi2().keys());
      Map<String, StoredTensor> named = Phi2Names.of(tensors.found, facts);
      named.putAll(tensors.unknown);
      return named;
    }
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    tensors.move("model.embed_tokens.weight", named);
    long layers =
        tensors.found.keySet().stream().filter(name -> name.contains(".down_proj.")).count();
    for (int i = 0; i < layers; i++) {
      tensors.layer("model.layers." + i + ".", named);
    }
    tensors.move("model.norm.weight", named);
    tensors.move("lm_head.weight", named);
    // What has no place in a Phi keeps its name, so that it is not lost without a word.
    named.putAll(tensors.unknown);
    return named;
  }

  private void visit(NodeProto node) {
    Matcher matrix = MATRIX.matcher(node.getName());
    Matcher norm = NORM.matcher(node.getName());
    Matcher bias = BIAS.matcher(node.getName());
    if (matrix.matches() && node.getOpType().startsWith("MatMul")) {
      String name = module(matrix) + ".weight";
      found.put(name, weights.matrix(node, name));
    } else if (HEAD.matcher(node.getName()).matches() && node.getOpType().startsWith("MatMul")) {
      found.put("lm_head.weight", weights.matrix(node, "lm_head.weight"));
    } else if (norm.matches() && node.getOpType().endsWith("LayerNormalization")) {
      String name =
          norm.group(2).equals("final_norm")
              ? "model.norm.weight"
              : "model.%s.%s_layernorm.weight".formatted(norm.group(1), norm.group(2));
      found.put(name, weights.norm(node, name));
      if (biased) {
        String added = name.replaceFirst("weight$", "bias");
        found.put(added, weights.normBias(node, added));
      }
    } else if (biased && node.getOpType().equals("Add") && bias.matches()) {
      String name = (bias.group(1) == null ? "lm_head" : module(bias)) + ".bias";
      found.put(name, weights.bias(node, name));
    } else if (EMBEDDING.matcher(node.getName()).matches()) {
      String name = "model.embed_tokens.weight";
      found.put(name, weights.embedding(node, name));
    } else if (COMPUTES.matcher(node.getOpType()).matches()) {
      weights.floats(node).forEach(tensor -> unknown.put(elsewhere(node, tensor.name()), tensor));
    }
  }

  /** The module of a matched name, as a Phi-3 has it. */
  private static String module(Matcher name) {
    String block = name.group(2).equals("attn") ? "self_attn" : "mlp";
    return "model.%s.%s.%s".formatted(name.group(1), block, name.group(3));
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
