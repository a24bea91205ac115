package phiquant.engine.onnx.writer.vision;

import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.picture.CropGrid;

/**
 * How the pictures are cut that a graph is shown, and what follows from it: which of their tiles
 * there are, and from which place of a tile the features of each image token come. All of it is
 * arithmetic on whole numbers, so pictures of any number and form go through one graph without a
 * loop.
 *
 * @param integers computes
 * @param rows of crops, for each picture
 * @param columns of crops, the same
 * @param side image tokens along the side of a tile
 */
record PictureGrids(Integers integers, Value rows, Value columns, int side) {
  /** Where rows of a table have what was learned; those of tiles' tokens come after them. */
  static final int ROW_END = 0;

  static final int BETWEEN = 1;
  static final int LEARNED = 2;

  /**
   * Those of pictures.
   *
   * @param sizes height and width of each with its white, in pixels; i64 of shape [pictures, 2]
   */
  static PictureGrids of(Graph graph, Value sizes, int side) {
    Integers integers = new Integers(graph, "/model/picture_grids");
    Value crops = integers.over(sizes, CropGrid.SIDE);
    return new PictureGrids(integers, integers.column(crops, 0), integers.column(crops, 1), side);
  }

  /** Tiles of each picture: the whole, and its crops. */
  private Value tiles() {
    return integers.plus(integers.times(rows, columns), 1);
  }

  /**
   * Which tiles are a picture's own; processors fill up with others, for the same number of each.
   *
   * @param most tiles that there are of each picture, a scalar
   * @return booleans of shape [pictures, most]
   */
  Value own(Graph graph, Value most) {
    Value ends =
        graph
            .op("Unsqueeze", "/model/picture_grids/tiles/Unsqueeze")
            .in(tiles(), graph.i64s(1))
            .out(ElementType.INT64, Value.dims("num_images", 1));
    return graph
        .op("Less", "/model/picture_grids/tiles/Less")
        .in(integers.upTo(most, "max_num_crops"), ends)
        .out(ElementType.BOOL, Value.dims("num_images", "max_num_crops"));
  }

  /**
   * For each image token the row of a table that has its features: {@link #ROW_END}, {@link
   * #BETWEEN}, then those of all pictures' own tiles, of each its whole first. The order is that of
   * {@code hd_feature_transform} in the released modeling_phi3_v.py: crops as one grid, each of its
   * rows ended, one between, the whole alike.
   */
  Value places() {
    Value grid = integers.times(integers.times(rows, side), wide(integers.times(columns, side)));
    Value counts = integers.plus(grid, 1 + (long) side * (side + 1));
    Value ends = integers.sumsUpTo(counts);
    Value begins = integers.minus(ends, counts);
    Value tilesBefore = integers.minus(integers.sumsUpTo(tiles()), tiles());

    Value token = integers.upTo(integers.sum(counts), "num_image_tokens");
    Value picture = integers.countUpTo(ends, token);
    Value place = integers.minus(token, integers.at(begins, picture));
    Value gridEnd = integers.at(grid, picture);
    Value inCrops = integers.isLess(place, gridEnd);
    Value across = integers.at(columns, picture);

    // The whole is a grid of one tile, behind the token between.
    Value own =
        integers.where(inCrops, place, integers.minus(integers.minus(place, gridEnd), one()));
    Value width = integers.where(inCrops, integers.times(across, side), integers.number(side));
    Value y = integers.over(own, wide(width));
    Value x = integers.rest(own, wide(width));
    Value crop =
        integers.plus(integers.times(integers.over(y, side), across), integers.over(x, side));
    Value tile = integers.where(inCrops, integers.plus(crop, 1), integers.number(0));
    Value inTile =
        integers.plus(integers.times(integers.rest(y, side), side), integers.rest(x, side));
    Value tilesOfAll = integers.plus(integers.at(tilesBefore, picture), tile);
    Value row =
        integers.plus(
            integers.plus(integers.times(tilesOfAll, (long) side * side), inTile), LEARNED);
    Value ended = integers.where(integers.isEqual(x, width), integers.number(ROW_END), row);
    return integers.where(integers.isEqual(place, gridEnd), integers.number(BETWEEN), ended);
  }

  /** With the token that ends a row. */
  private Value wide(Value width) {
    return integers.plus(width, 1);
  }

  private Value one() {
    return integers.number(1);
  }
}
