package phiquant.engine.openvino.writer;

import java.util.function.Function;
import phiquant.model.Weight;
import phiquant.study.InputSquares;

/**
 * Where the weights of one graph go, and as what: a folder has a .bin for each of its graphs.
 *
 * @param precision of each matrix
 * @param squares of inputs, for which integers are rounded, as far as they were found
 * @param bin index of the .bin among the artifact's files
 */
record WeightStorage(
    Function<Weight, WeightPrecision> precision, InputSquares.Found squares, int bin) {}
