package phiquant.engine.onnx.writer.weights;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Place;
import phiquant.study.InputSquares;

/**
 * Multiplications with a text model's weights, each in the precision that its place asks for, with
 * what adapters add to it; operators have the names of GenAI's model builder.
 */
public final class MatMuls {
  private final WeightProducts products;
  private final Precisions precisions;
  private final OperatorNames operators;
  private final InputSquares.Found squares;
  private final Branches branches;
  private final Set<String> names = new LinkedHashSet<>();

  public MatMuls(
      Graph graph,
      Constants constants,
      Precisions precisions,
      Inputs inputs,
      InputSquares.Found squares,
      Branches branches) {
    this.products = new WeightProducts(graph, constants, inputs, precisions.accuracyLevel());
    this.precisions = precisions;
    this.operators = precisions.operators();
    this.squares = squares;
    this.branches = branches;
  }

  /** The precision that a weight has or will have. */
  public Precision precisionOf(Place place) {
    return precisions.of(place);
  }

  /** The precision of a layer's experts, which are one operator. */
  public Precision precisionOfExperts(int layer) {
    names.add(OperatorNames.mixture(layer));
    return precisions.ofExperts(layer);
  }

  /** What activations are rounded to while multiplying; 0 leaves it to the device. */
  public int accuracyLevel() {
    return precisions.accuracyLevel();
  }

  /** How much the columns of weights count. */
  public InputSquares.Found squares() {
    return squares;
  }

  /** What operators are called. */
  public OperatorNames operators() {
    return operators;
  }

  /** The operators so far. */
  public Set<String> names() {
    return names;
  }

  /**
   * {@code x · weightᵀ}, and what adapters add to it.
   *
   * @param x shape [batch, sequence, columns]
   * @param weight shape [rows, columns]
   * @return shape [batch, sequence, rows]
   */
  public Value of(Place place, Value x, StoredTensor weight) {
    Value product = of(place, x, store(place, weight), operators.product(place) + "/output_0");
    return branches.added(operators.module(place), x, weight, product);
  }

  /** {@code x · weightᵀ + bias}. */
  public Value of(Place place, Value x, StoredTensor weight, Optional<StoredTensor> bias) {
    Value product = of(place, x, weight);
    String output = operators.module(place) + "/Add/output_0";
    return bias.isEmpty() ? product : add(place, product, bias.get(), output);
  }

  /** {@code x + bias}, and a name for what it gives. */
  public Value add(Place place, Value x, StoredTensor bias, String output) {
    String name = operators.module(place) + "/Add";
    String constant = name.substring(1).replace('/', '.') + ".bias";
    return products.add(name, constant, x, bias, precisions.type(), output);
  }

  /** The same with a weight that is in the graph already, and a name for what it gives. */
  public Value of(Place place, Value x, WeightProducts.Stored weight, String output) {
    return products.of(operators.product(place), x, weight, output);
  }

  /** Puts a weight into the graph. */
  public WeightProducts.Stored store(Place place, StoredTensor weight) {
    String name = operators.product(place);
    names.add(name);
    String constant = name.substring(1).replace('/', '.') + ".weight";
    return products.store(name, constant, weight, precisionOf(place), squares.of(weight));
  }
}
