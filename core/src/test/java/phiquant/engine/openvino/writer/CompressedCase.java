package phiquant.engine.openvino.writer;

import java.util.Optional;
import phiquant.engine.plan.RowEncoder;
import phiquant.quant.nncf.CompressionFormat;

/** The rows of this package, for benchmarks that are not in it. */
public final class CompressedCase {
  private CompressedCase() {}

  /** Rows in that format, of groups of that size. */
  public static RowEncoder rows(CompressionFormat format, int group) {
    return CompressedRows.of(format, group, Optional.empty());
  }
}
