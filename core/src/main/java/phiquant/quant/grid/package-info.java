/**
 * What the even grids of all engines have in common when columns do not count alike: {@link
 * phiquant.quant.grid.GridSearch} finds the scale, and what goes with it, of least weighted error.
 * A format begins with the grid that it has without a calibration, and makes codes as always.
 */
package phiquant.quant.grid;
