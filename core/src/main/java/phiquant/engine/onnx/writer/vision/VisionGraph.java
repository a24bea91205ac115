package phiquant.engine.onnx.writer.vision;

import static phiquant.picture.CropGrid.SIDE;

import java.util.List;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.Inputs;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.Weight;
import phiquant.model.vision.Tower;
import phiquant.model.vision.Vision;
import phiquant.quant.FloatType;

/**
 * What sees, as a graph for ONNX Runtime GenAI. Inputs: pixel_values [pictures, tiles, 3, 336,
 * 336], of each picture the whole, its crops and what fills up; image_sizes [pictures, 2], height
 * and width. Output: image_features [image tokens of all pictures, hidden].
 */
public final class VisionGraph {
  private static final int COLORS = 3;

  /** Neighbours in a direction that become one token. */
  private static final int MERGED = 2;

  private final Graph graph;
  private final Constants constants;
  private final Vision vision;
  private final Tower tower;
  private final FloatType type;
  private final TowerFlow flow;

  /** Patches along the side of a tile. */
  private final int side;

  private VisionGraph(
      Graph graph, Constants constants, Vision vision, FloatType type, TowerFlow flow) {
    this.graph = graph;
    this.constants = constants;
    this.vision = vision;
    this.tower = vision.tower();
    this.type = type;
    this.flow = flow;
    this.side = (int) Math.round(Math.sqrt(tower.tokens() - 1));
  }

  /**
   * Builds it.
   *
   * @param type that it computes in
   * @param precision of its matrices
   * @param accuracyLevel what activations are rounded to while multiplying with codes
   */
  public static void build(
      Graph graph,
      Constants constants,
      Vision vision,
      FloatType type,
      Precision precision,
      int accuracyLevel) {
    WeightProducts products =
        new WeightProducts(graph, constants, Inputs.AS_THEY_ARE, accuracyLevel);
    TowerFlow flow = new TowerFlow(graph, constants, products, vision.tower(), type, precision);
    new VisionGraph(graph, constants, vision, type, flow).build();
  }

  private void build() {
    ElementType element = ElementType.of(type);
    Value pictures =
        graph.input(
            "pixel_values", element, Value.dims("num_images", "max_num_crops", COLORS, SIDE, SIDE));
    Value sizes = graph.input("image_sizes", ElementType.INT64, Value.dims("num_images", 2));
    PictureGrids grids = PictureGrids.of(graph, sizes, side / MERGED);
    Value tiles = tiles(pictures, grids.own(graph, grids.integers().size(pictures, 1)));
    Value features = tower.of(List.of(patches(tiles)), flow).getFirst();
    Value projected = vision.project(List.of(table(merged(features))), flow).getFirst();
    graph.output(
        graph
            .op("Gather", "/model/image_features/Gather")
            .in(projected, grids.places())
            .out(
                "image_features",
                element,
                List.of("num_image_tokens", projected.shape().getLast())));
  }

  /** Those that are a picture's own, of all pictures, shape [tiles, 3, 336, 336]. */
  private Value tiles(Value pictures, Value own) {
    String path = "/model/tiles";
    Value all =
        reshaped(path, pictures, List.of("all_tiles", "3", "336", "336"), -1, COLORS, SIDE, SIDE);
    Value chosen = reshaped(path + "/own", own, List.of("all_tiles"), -1);
    return graph
        .op("Compress", path + "/Compress")
        .in(all, chosen)
        .with("axis", 0)
        .out(pictures.type(), Value.dims("tiles", COLORS, SIDE, SIDE));
  }

  /**
   * The pixels of each patch as a kernel of a convolution has them, and a token of zeros before
   * them; shape [tiles, tokens, 3 · patch · patch].
   */
  private Value patches(Value tiles) {
    String path = "/model/patches";
    int patch = SIDE / side;
    List<String> apart = Value.dims("tiles", COLORS, side, patch, side, patch);
    Value cut = reshaped(path, tiles, apart, -1, COLORS, side, patch, side, patch);
    Value turned =
        graph
            .op("Transpose", path + "/Transpose")
            .in(cut)
            .with("perm", List.of(0L, 2L, 4L, 1L, 3L, 5L))
            .out(tiles.type(), Value.dims("tiles", side, side, COLORS, patch, patch));
    int width = tower.patchSize();
    Value rows =
        reshaped(
            path + "/rows",
            turned,
            Value.dims("tiles", side * side, width),
            -1,
            (long) side * side,
            width);
    return graph
        .op("Pad", path + "/Pad")
        .in(rows, graph.i64s(0, 1, 0, 0, 0, 0))
        .out(tiles.type(), Value.dims("tiles", tower.tokens(), width));
  }

  /**
   * Four neighbours side by side, without the token before the patches; shape [tokens of all tiles,
   * 4 · features].
   */
  private Value merged(Value features) {
    String path = "/model/merged";
    int width = tower.config().hidden();
    int half = side / MERGED;
    Value patches =
        graph
            .op("Slice", path + "/Slice")
            .in(features, graph.i64s(1), graph.i64s(tower.tokens()), graph.i64s(1))
            .out(features.type(), Value.dims("tiles", side * side, width));
    List<String> apart = Value.dims("tiles", half, MERGED, half, MERGED, width);
    Value squares = reshaped(path, patches, apart, -1, half, MERGED, half, MERGED, width);
    Value turned =
        graph
            .op("Transpose", path + "/Transpose")
            .in(squares)
            .with("perm", List.of(0L, 1L, 3L, 2L, 4L, 5L))
            .out(features.type(), Value.dims("tiles", half, half, MERGED, MERGED, width));
    long row = (long) MERGED * MERGED * width;
    return reshaped(path + "/rows", turned, Value.dims("tile_tokens", row), -1, row);
  }

  /** What {@link PictureGrids#places} counts from: the learned rows, then the tiles'. */
  private Value table(Value merged) {
    Map<Integer, Weight> learned =
        Map.of(PictureGrids.ROW_END, vision.rowEnd(), PictureGrids.BETWEEN, vision.between());
    String width = merged.shape().getLast();
    return graph
        .op("Concat", "/model/table/Concat")
        .in(row(learned.get(0)), row(learned.get(1)), merged)
        .with("axis", 0)
        .out(merged.type(), List.of("table_rows", width));
  }

  private Value row(Weight weight) {
    StoredTensor tensor = weight.tensor();
    Value stored = constants.plain(weight.name(), tensor, false, type);
    String path = "/" + weight.name().replace('.', '/');
    return reshaped(path, stored, Value.dims(1, tensor.elements()), 1, tensor.elements());
  }

  private Value reshaped(String path, Value x, List<String> shape, long... sizes) {
    return graph.op("Reshape", path + "/Reshape").in(x, graph.i64s(sizes)).out(x.type(), shape);
  }
}
