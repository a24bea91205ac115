package phiquant.picture;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of grids holds of the grids that pictures get, which goldens are held against. */
class CropGridTest {
  private static final int SHORT = 240;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 8, 9, 12, 16, 20, 25, 63, 64})
  void aGridIsASquareUpToARatio(int crops) {
    double ratio = CropGrid.squareUpTo(crops);
    for (int length = SHORT; length < 5 * SHORT; length++) {
      double own = (double) length / SHORT;
      if (own == ratio) {
        continue;
      }
      CropGrid grid = CropGrid.of(length, SHORT, crops);
      assertThat(grid.rows() == grid.columns())
          .as("%d crops of %d by %d: %s", crops, length, SHORT, grid)
          .isEqualTo(own < ratio);
    }
  }
}
