package phiquant.engine.gguf.recipe;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.recipe.Candidate;

/** A tensor type of GGUF as a choice of recipes. */
record GgmlCandidate(GgmlType type) implements Candidate {
  @Override
  public String format() {
    return type.name();
  }

  @Override
  public boolean fits(long columns) {
    return columns % type.blockSize() == 0;
  }

  @Override
  public long bytes(StoredTensor matrix) {
    return matrix.elements() / type.blockSize() * type.blockBytes();
  }

  @Override
  public void round(float[] x, int rows, int columns, float[] importance) {
    BlockFormat plain = GgmlFormats.of(type);
    BlockFormat format = importance == null ? plain : plain.weighted(importance);
    int count = Math.multiplyExact(rows, columns);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment blocks = arena.allocate(format.bytes(count), 64);
      format.encode(x, 0, count, blocks, 0);
      format.decode(blocks, 0, x, 0, count);
    }
  }
}
