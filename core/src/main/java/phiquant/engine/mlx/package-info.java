/**
 * MLX's folders, as mlx-lm makes and reads them. {@link phiquant.engine.mlx.MlxTarget} lays one out
 * by an {@link phiquant.engine.mlx.MlxRecipe}, {@link phiquant.engine.mlx.MlxTensors} reads the
 * codes of one. Source: mlx-lm's convert.py and utils.py.
 */
package phiquant.engine.mlx;
