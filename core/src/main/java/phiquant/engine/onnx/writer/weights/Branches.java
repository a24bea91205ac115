package phiquant.engine.onnx.writer.weights;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;

/**
 * What adapters add to products: {@code x · A · B}, where the two factors are inputs of the graph
 * that are empty by default, of rank zero, until the engine is told to take an adapter's. Names of
 * operators and factors are those that GenAI's model builder has for the factors that it makes
 * constants of ({@code make_matmul_lora} in builders/base.py).
 */
public final class Branches {
  private final Graph graph;
  private final List<LoraFactors> adapters;

  /** The matrices that have a branch, by the branch's name. */
  private final Map<String, StoredTensor> branched = new LinkedHashMap<>();

  private final Set<String> reached = new HashSet<>();

  /**
   * A factor of an adapter.
   *
   * @param name of the graph's input
   * @param source shape [columns, rows] of it: it is taken turned
   */
  public record Parameter(String name, StoredTensor source) {
    /** As the graph has it. */
    public List<Long> shape() {
      return List.of(source.columns(), source.rows());
    }
  }

  /** Of no product yet. */
  public Branches(Graph graph, List<LoraFactors> adapters) {
    this.graph = graph;
    this.adapters = adapters;
  }

  /**
   * A product with what adapters add to it; the product itself if none does.
   *
   * @param module the operators' names begin with
   * @param x what was multiplied, shape [batch, sequence, columns]
   * @param weight by what, shape [rows, columns]
   */
  Value added(String module, Value x, StoredTensor weight, Value product) {
    boolean any = false;
    for (LoraFactors adapter : adapters) {
      Optional<LoraFactors.Pair> pair = adapter.of(weight);
      pair.ifPresent(found -> reached.addAll(LoraFactors.names(weight)));
      any |= pair.isPresent();
    }
    if (!any) {
      return product;
    }
    branched.put(module, weight);
    String rank = module + "/lora_rank";
    Value a = factor(name(module, "A"), x.type(), weight.columns(), rank);
    Value b = factor(name(module, "B"), x.type(), rank, weight.rows());
    List<String> inner = new ArrayList<>(x.shape());
    inner.set(inner.size() - 1, rank);
    Value low = graph.op("MatMul", module + "/lora_A/MatMul").in(x, a).out(x.type(), inner);
    Value more =
        graph
            .op("MatMul", module + "/lora_B/MatMul")
            .in(low, b)
            .out(product.type(), product.shape());
    return graph
        .op("Add", module + "/lora/Add")
        .in(product, more)
        .out(product.type(), product.shape());
  }

  private Value factor(String name, ElementType type, Object rows, Object columns) {
    return graph.optional(name, type, Value.dims(rows, columns));
  }

  private static String name(String module, String factor) {
    return module.substring(1).replace('/', '.') + ".lora_" + factor + ".MatMul.weight";
  }

  /** The factors of an adapter as the graph takes them, which leave nothing to scale. */
  public List<Parameter> parameters(LoraFactors adapter) {
    for (LoraFactors.Pair pair : adapter.pairs()) {
      if (!reached.contains(pair.tensor())) {
        throw new UserError(
            "onnx: the adapter changes '" + pair.tensor() + "', beside which the graph takes none.",
            "Merge it with --lora.");
      }
    }
    List<Parameter> parameters = new ArrayList<>();
    branched.forEach(
        (module, weight) ->
            adapter
                .of(weight)
                .ifPresent(
                    pair -> {
                      parameters.add(new Parameter(name(module, "A"), pair.a()));
                      parameters.add(new Parameter(name(module, "B"), pair.bFor(1)));
                    }));
    return parameters;
  }
}
