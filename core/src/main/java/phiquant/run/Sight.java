package phiquant.run;

import static phiquant.picture.CropGrid.SIDE;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.vision.Tower;
import phiquant.model.vision.Vision;
import phiquant.picture.CropGrid;
import phiquant.picture.Tiles;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.attention.Rope;
import phiquant.run.matrix.Panels;

/**
 * From a picture's tiles to the features of its tokens, in floats: each tile goes through the tower
 * by itself; four neighbours become one token, the crops as one grid. For one caller at a time.
 */
final class Sight {
  /** Neighbours in a direction that become one token. */
  private static final int MERGED = 2;

  private final Vision vision;
  private final Tower tower;
  private final PanelFlow flow;
  private final KvCache cache;
  private final int side;
  private final int patch;

  Sight(Vision vision, Workers workers) {
    this.vision = vision;
    this.tower = vision.tower();
    PhiConfig config = tower.config();
    Rope none = new Rope(config, LongRopeRule.SHORT);
    this.flow =
        new PanelFlow(
            null, new Kernels(vision), config, none, workers, Activations.F32, new PictureRows());
    this.cache = new KvCache(config, tower.tokens(), CacheType.F32);
    this.side = (int) Math.round(Math.sqrt(tower.tokens() - 1));
    this.patch = SIDE / side;
  }

  /**
   * What goes into the text part for a picture.
   *
   * @return as many rows as {@link CropGrid#tokens}, each of the model's width
   */
  float[][] rows(Tiles tiles) {
    List<float[]> features = tiles.all().stream().map(this::features).toList();
    List<float[]> tokens = tokens(features, tiles.grid());
    Panels x = new Panels(tokens.getFirst().length, tokens.size());
    for (int t = 0; t < tokens.size(); t++) {
      x.put(t, tokens.get(t), 0);
    }
    Panels y = flow.pass(x, in -> vision.project(in, flow));
    float[][] rows = new float[tokens.size()][y.features()];
    IntStream.range(0, rows.length).forEach(t -> y.get(t, rows[t], 0));
    return rows;
  }

  /**
   * The tower's features of a tile.
   *
   * @param tile shape [3, 336, 336]
   * @return shape [patches, features], from the top left, row by row
   */
  float[] features(float[] tile) {
    int width = tower.config().hidden();
    int count = tower.tokens();
    Panels pixels = new Panels(tower.patchSize(), count);
    float[] row = new float[tower.patchSize()];
    for (int t = 1; t < count; t++) {
      patch(tile, t - 1, row);
      pixels.put(t, row, 0);
    }
    cache.truncate(0);
    cache.reserve(count);
    flow.begin(IntStream.range(0, count).toArray(), 0, count, cache, null);
    Panels out = flow.pass(pixels, in -> tower.of(in, flow));
    float[] features = new float[(count - 1) * width];
    for (int t = 1; t < count; t++) {
      out.get(t, features, (t - 1) * width);
    }
    return features;
  }

  /** The pixels of a patch as a kernel of a convolution has them: shape [3, patch, patch]. */
  private void patch(float[] tile, int number, float[] out) {
    int top = number / side * patch;
    int left = number % side * patch;
    int at = 0;
    for (int color = 0; color < tile.length / (SIDE * SIDE); color++) {
      for (int y = 0; y < patch; y++, at += patch) {
        System.arraycopy(tile, (color * SIDE + top + y) * SIDE + left, out, at, patch);
      }
    }
  }

  /** The crops as one grid, a token that ends each row, one between, then the whole alike. */
  private List<float[]> tokens(List<float[]> features, CropGrid grid) {
    List<float[]> tokens = new ArrayList<>();
    add(tokens, features.subList(1, features.size()), grid.rows(), grid.columns());
    tokens.add(vector(vision.between().tensor()));
    add(tokens, features.subList(0, 1), 1, 1);
    return tokens;
  }

  private void add(List<float[]> tokens, List<float[]> tiles, int rows, int columns) {
    float[] end = vector(vision.rowEnd().tensor());
    int merged = side / MERGED;
    for (int y = 0; y < rows * merged; y++) {
      for (int x = 0; x < columns * merged; x++) {
        float[] tile = tiles.get(y / merged * columns + x / merged);
        tokens.add(merged(tile, y % merged * MERGED, x % merged * MERGED));
      }
      tokens.add(end);
    }
  }

  /** Four neighbours side by side: top left, top right, bottom left, bottom right. */
  private float[] merged(float[] tile, int y, int x) {
    int width = tower.config().hidden();
    float[] token = new float[MERGED * MERGED * width];
    for (int i = 0; i < MERGED * MERGED; i++) {
      int from = ((y + i / MERGED) * side + x + i % MERGED) * width;
      System.arraycopy(tile, from, token, i * width, width);
    }
    return token;
  }

  private static float[] vector(StoredTensor tensor) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, 1, values, 0);
    return values;
  }
}
