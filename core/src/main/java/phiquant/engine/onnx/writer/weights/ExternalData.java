package phiquant.engine.onnx.writer.weights;

/**
 * The layout of {@code model.onnx.data}, or another file like it: the graph's constants one after
 * the other. Places are given out before anything is encoded; the pipeline fills them.
 */
public final class ExternalData {
  /** Cache lines: the engine maps the file and may read constants where they lie. */
  private static final int ALIGNMENT = 64;

  private final int index;
  private final String name;
  private long size;

  /**
   * Of a file.
   *
   * @param index among the artifact's files
   * @param name that graphs know it by
   */
  public ExternalData(int index, String name) {
    this.index = index;
    this.name = name;
  }

  int index() {
    return index;
  }

  String name() {
    return name;
  }

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
