package phiquant.engine.onnx.writer.weights;

/**
 * The layout of {@code model.onnx.data}: the graph's constants one after the other. Places are
 * given out before anything is encoded; the pipeline fills them.
 */
public final class ExternalData {
  /** Cache lines: the engine maps the file and may read constants where they lie. */
  private static final int ALIGNMENT = 64;

  private long size;

  /** A place for that many bytes. */
  long reserve(long bytes) {
    long offset = Math.ceilDiv(size, ALIGNMENT) * ALIGNMENT;
    size = Math.addExact(offset, bytes);
    return offset;
  }

  /** Bytes of the file. */
  public long size() {
    return size;
  }
}
