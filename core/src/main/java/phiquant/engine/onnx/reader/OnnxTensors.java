package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.NodeProto;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import phiquant.checkpoint.ConfigForm;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;
import phiquant.engine.onnx.OperatorNames;
import phiquant.model.Architecture;
import phiquant.model.Architecture.Part;
import phiquant.model.PhiConfig;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.model.phi.Family;

/**
 * Finds the weights in a graph and gives them their Hugging Face names: an operator's name says
 * which weight it uses ({@code /model/layers.0/attn/o_proj/MatMul_Q4}), whatever its constants are
 * called. What the checkpoint fuses and a graph keeps apart is stacked; what a graph fuses and the
 * checkpoint keeps apart is cut.
 */
final class OnnxTensors {
  /** What computes with a weight, rather than with shapes or positions. */
  private static final Pattern COMPUTES =
      Pattern.compile(
          "Add|Sub|Mul|Div|Gemm|Q?MoE|MatMul\\w*|\\w*LayerNormalization|RMSNormalization");

  private static final Pattern NORM = Pattern.compile("\\w*LayerNormalization|RMSNormalization");

  /**
   * A weight or a bias of the graph, known by the module that uses it.
   *
   * @param expert which one of the layer's, 0 for what is no expert's
   */
  private record Use(Place place, boolean bias, int expert) {
    Use(Place place, boolean bias) {
      this(place, bias, 0);
    }
  }

  /** A weight that can be read under any name, and its own in the graph. */
  private record Found(String name, Function<String, StoredTensor> read) {}

  private final OnnxWeights weights;
  private final TowerTensors tower;
  private final OperatorNames names;
  private final boolean biased;
  private final Map<Use, Found> found = new LinkedHashMap<>();
  private final Map<Use, StoredTensor> cut = new HashMap<>();
  private final Set<Use> used = new LinkedHashSet<>();
  private final Map<String, StoredTensor> named = new LinkedHashMap<>();
  private final Map<String, StoredTensor> unknown = new LinkedHashMap<>();

  /** How many experts of a place have been named. */
  private final Map<Place, Integer> experts = new HashMap<>();

  private OnnxTensors(OnnxWeights weights, List<Part> parts) {
    this.weights = weights;
    this.tower = new TowerTensors(weights);
    this.names = OperatorNames.of(parts.stream().map(Part::role).toList());
    this.biased = parts.stream().anyMatch(Part::bias);
  }

  /**
   * The weights by name, layer by layer.
   *
   * @param config of the checkpoint that it was made of
   * @param where the name of its file, for error messages
   * @throws phiquant.UserError if the configuration is not one of its architecture, or a weight
   *     cannot be read, saying why
   */
  static Map<String, StoredTensor> of(OnnxFile file, ObjectNode config, String where) {
    Optional<Architecture> architecture = Family.named(ConfigForm.architecture(config));
    Optional<PhiConfig> facts = architecture.map(a -> PhiConfig.of(config, where, a.keys()));
    List<Part> parts = facts.map(known -> architecture.get().parts(known)).orElse(List.of());
    int hidden = config.path("hidden_size").asInt();
    OnnxTensors tensors = new OnnxTensors(new OnnxWeights(file, hidden), parts);
    file.graph().getNodeList().forEach(tensors::visit);
    parts.forEach(part -> tensors.name(part, architecture.get(), facts.get()));
    facts.ifPresent(known -> architecture.get().implied(known).forEach(tensors::leaveOut));
    // What has no place in a Phi keeps its name, so that it is not lost without a word.
    tensors.found.forEach(tensors::keep);
    tensors.named.putAll(tensors.unknown);
    tensors.named.putAll(tensors.tower.found());
    return tensors.named;
  }

  private void visit(NodeProto node) {
    int slash = Math.max(0, node.getName().lastIndexOf('/'));
    String module = node.getName().substring(0, slash);
    String does = node.getName().substring(slash).replaceFirst("^/", "");
    String type = node.getOpType();
    if (tower.takes(node, module)) {
      return;
    }
    Place place = names.place(module).orElse(null);
    if (place != null && type.startsWith("MatMul") && does.startsWith("MatMul")) {
      found(module, new Use(place, false), name -> weights.matrix(node, name));
    } else if (place != null && NORM.matcher(type).matches()) {
      found(module, new Use(place, false), name -> weights.norm(node, name));
      if (biased) {
        found(module, new Use(place, true), name -> weights.normBias(node, name));
      }
    } else if (place != null && biased && type.equals("Add") && does.equals("Add")) {
      found(module, new Use(place, true), name -> weights.bias(node, name));
    } else if (place != null && place.role() == Role.EMBEDDING && does.startsWith("Gather")) {
      found(module, new Use(place, false), name -> weights.embedding(node, name));
    } else if (place != null && place.role() == Role.EXPERT_GATE && does.startsWith("MoE")) {
      experts(module, place.layer(), weights.experts(node, node.getName()));
    } else if (COMPUTES.matcher(type).matches()) {
      weights.floats(node).forEach(tensor -> unknown.put(elsewhere(node, tensor.name()), tensor));
    }
  }

  private void experts(String module, int layer, OnnxExperts all) {
    for (int e = 0; e < all.count(); e++) {
      int expert = e;
      for (Role role : OnnxExperts.roles()) {
        String each = module + "/experts/" + e + "/" + role.name().toLowerCase(Locale.ROOT);
        Use use = new Use(new Place(role, layer), false, e);
        found(each, use, name -> all.of(expert, role, name));
      }
    }
  }

  private void found(String module, Use use, Function<String, StoredTensor> read) {
    String name = module.substring(1).replace('/', '.') + (use.bias() ? ".bias" : ".weight");
    found.put(use, new Found(name, read));
  }

  /** Some constants are named as weights are there; in another operator they are none. */
  private static String elsewhere(NodeProto node, String constant) {
    return constant.endsWith(".weight") ? node.getName() + ": " + constant : constant;
  }

  private void keep(Use use, Found weight) {
    if (!used.contains(use)) {
      named.put(weight.name(), weight.read().apply(weight.name()));
    }
  }

  /** A weight that the checkpoint has, if the graph has it in some form. */
  private void name(Part part, Architecture architecture, PhiConfig config) {
    read(part.role(), part)
        .or(() -> stacked(part))
        .or(() -> slice(part, config))
        .map(tensor -> architecture.stored(part, tensor, config))
        .ifPresent(tensor -> named.put(part.name(), tensor));
  }

  /** A vector that the graph has and no checkpoint, if it is what the configuration calls for. */
  private void leaveOut(Weight implied) {
    Use use = new Use(implied.place(), implied.bias());
    Optional.ofNullable(found.get(use))
        .map(weight -> weight.read().apply(implied.name()))
        .filter(read -> read.shape().equals(implied.tensor().shape()))
        .filter(read -> Arrays.equals(vector(read), vector(implied.tensor())))
        .ifPresent(unused -> used.add(use));
  }

  private static float[] vector(StoredTensor tensor) {
    float[] numbers = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, 1, numbers, 0);
    return numbers;
  }

  private Optional<StoredTensor> read(Role role, Part part) {
    Place place = new Place(role, part.layer());
    boolean isExpert = OnnxExperts.roles().contains(role);
    int expert = isExpert ? experts.merge(place, 1, Integer::sum) - 1 : 0;
    Use use = new Use(place, part.bias(), expert);
    Optional<Found> weight = Optional.ofNullable(found.get(use));
    weight.ifPresent(present -> used.add(use));
    return weight.map(present -> present.read().apply(part.name()));
  }

  private Optional<StoredTensor> stacked(Part part) {
    List<Role> roles = part.role().parts();
    if (roles.size() == 1 || part.bias()) {
      return Optional.empty();
    }
    List<StoredTensor> apart = roles.stream().flatMap(role -> read(role, part).stream()).toList();
    boolean stackable =
        apart.size() == roles.size()
            && apart.stream().mapToLong(StoredTensor::columns).distinct().count() == 1;
    return stackable ? Optional.of(new Stacked(part.name(), apart)) : Optional.empty();
  }

  /** Rows of the fused matrix; none if it has not as many as the configuration calls for. */
  private Optional<StoredTensor> slice(Part part, PhiConfig config) {
    Use use = new Use(new Place(Role.QKV, part.layer()), part.bias());
    int which = Role.QKV.parts().indexOf(part.role());
    if (which < 0 || !found.containsKey(use)) {
      return Optional.empty();
    }
    used.add(use);
    Found fused = found.get(use);
    StoredTensor whole = cut.computeIfAbsent(use, key -> fused.read().apply(fused.name()));
    if (whole.shape().getFirst() != config.qkvRows()) {
      return Optional.empty();
    }
    long queries = (long) config.heads() * config.headSize();
    long keys = (long) config.kvHeads() * config.headSize();
    return Optional.of(
        which == 0
            ? new RowSlice(part.name(), whole, 0, queries)
            : new RowSlice(part.name(), whole, queries + (which - 1) * keys, keys));
  }
}
