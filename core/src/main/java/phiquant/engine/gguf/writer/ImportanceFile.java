package phiquant.engine.gguf.writer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.quant.ggml.GgmlType;

/**
 * An importance matrix as the GGUF file that llama-imatrix writes: for each weight, by name, {@code
 * NAME.in_sum2} and {@code NAME.counts}, both F32. A single matrix has one dimension, as ggml
 * writes no last dimensions of 1. Source: {@code save_imatrix} in llama.cpp's imatrix.cpp.
 */
public final class ImportanceFile {
  private final List<GgufHeader.Tensor> tensors = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  private ImportanceFile() {}

  /**
   * The whole file.
   *
   * @param texts further keys
   */
  public static byte[] bytes(Importance importance, Map<String, String> texts) {
    Map<String, MetadataValue> keys = new LinkedHashMap<>();
    keys.put("general.type", new MetadataValue.Text("imatrix"));
    keys.put("imatrix.datasets", new MetadataValue.Texts(importance.datasets()));
    keys.put("imatrix.chunk_count", new MetadataValue.U32(importance.chunks()));
    keys.put("imatrix.chunk_size", new MetadataValue.U32(importance.chunkSize()));
    texts.forEach((key, text) -> keys.put(key, new MetadataValue.Text(text)));
    ImportanceFile file = new ImportanceFile();
    importance.entries().forEach(file::add);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(GgufHeader.write(keys, file.tensors));
    out.writeBytes(file.data.toByteArray());
    return out.toByteArray();
  }

  private void add(String name, ColumnSums sums) {
    int matrices = sums.counts().length;
    add(name + ".in_sum2", shape(matrices, sums.columns()), sums.squares());
    add(name + ".counts", shape(matrices, 1), sums.counts());
  }

  private static List<Long> shape(long matrices, long columns) {
    return matrices == 1 ? List.of(columns) : List.of(matrices, columns);
  }

  private void add(String name, List<Long> shape, float[] values) {
    tensors.add(new GgufHeader.Tensor(name, shape, GgmlType.F32, data.size()));
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(GgufHeader.aligned(4L * values.length)))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    data.writeBytes(bytes.array());
  }
}
