package phiquant.engine.openvino.ir;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.plan.PlannedFile.Fixed;

/**
 * The layout of {@code openvino_model.bin}: the constants of a graph one after the other. Small
 * ones are known at once and stored once however often they are used; large ones get a place that
 * the pipeline fills.
 */
public final class Bin {
  /** Cache lines: the engine maps the file and may read constants where they lie. */
  private static final int ALIGNMENT = 64;

  private final Map<ByteBuffer, Long> known = new HashMap<>();
  private final List<Fixed> fixed = new ArrayList<>();
  private long size;

  /** The place of these bytes. */
  public long place(byte[] bytes) {
    return known.computeIfAbsent(
        ByteBuffer.wrap(bytes),
        unused -> {
          long offset = reserve(bytes.length);
          fixed.add(new Fixed(offset, bytes));
          return offset;
        });
  }

  /** A place for that many bytes, to be filled later. */
  public long reserve(long bytes) {
    long offset = Math.ceilDiv(size, ALIGNMENT) * ALIGNMENT;
    size = Math.addExact(offset, bytes);
    return offset;
  }

  /** The bytes that are known, at their places. */
  public List<Fixed> fixed() {
    return List.copyOf(fixed);
  }

  /** Bytes of the file. */
  public long size() {
    return size;
  }
}
