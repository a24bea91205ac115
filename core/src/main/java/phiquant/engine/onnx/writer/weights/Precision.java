package phiquant.engine.onnx.writer.weights;

import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.NBitsFormat;

/** How one matrix is stored: as plain floats, or as codes with scales. */
public sealed interface Precision {
  /** Plain floats, in the type that the model computes in. */
  record Plain(FloatType type) implements Precision {}

  /** Codes with a scale for each block of a row. */
  record Blocks(NBitsFormat format) implements Precision {}

  /** The same blocks in a turned matrix, for engines that have ONNX's own operators only. */
  record Turned(NBitsFormat format) implements Precision {}

  /** Bytes with a scale for each row, multiplied by rounded inputs. */
  record Rows() implements Precision {}
}
