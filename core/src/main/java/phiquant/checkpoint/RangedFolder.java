package phiquant.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.safetensors.SafetensorsHeader;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint of safetensors in a store that gives ranges of bytes. Headers are read when it is
 * opened; rows of weights come when they are asked for, and are nowhere afterwards.
 */
public final class RangedFolder extends CheckpointFolder {
  private final RangedFiles files;
  private final List<String> notices;
  private final Map<String, StoredTensor> tensors;

  /**
   * Opens one.
   *
   * @param codes how an engine that keeps such checkpoints stores what it has quantized
   * @throws UserError if it is none, or its weights are quantized already
   */
  public RangedFolder(RangedFiles files, CodedWeights codes) {
    super(files, "It is no checkpoint of transformers.");
    this.files = files;
    if (codes.isIn(config()) || config().has("quantization_config")) {
      throw new UserError(
          files.path() + " holds weights that are quantized already.",
          "Copy it to a folder, and work from there.");
    }
    Shards<RangedTensor> shards = Shards.open(files, this::header);
    this.notices = new ArrayList<>(shards.notices());
    this.tensors = named(new LinkedHashMap<>(shards.tensors()), codes, notices);
  }

  private Map<String, RangedTensor> header(String name) {
    SafetensorsHeader header =
        SafetensorsHeader.read(
            path().resolve(name),
            files.size(name),
            (offset, count) -> {
              byte[] bytes = new byte[count];
              files.read(name, offset, bytes);
              return bytes;
            });
    Map<String, RangedTensor> tensors = new LinkedHashMap<>();
    for (SafetensorsHeader.Entry entry : header.tensors()) {
      long begin = header.data() + entry.begin();
      tensors.put(
          entry.name(),
          new RangedTensor(entry.name(), entry.dtype(), entry.shape(), name, begin, files));
    }
    return tensors;
  }

  /** A tensor of plain elements in one of the files. */
  private record RangedTensor(
      String name, DType dtype, List<Long> shape, String file, long begin, RangedFiles files)
      implements StoredTensor {
    @Override
    public String format() {
      return dtype.name();
    }

    @Override
    public long storedBytes() {
      return elements() * dtype.bytes();
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      decode(first * columns(), Math.toIntExact(count * columns()), out, at);
    }

    @Override
    public void readColumns(
        long first, int count, int firstColumn, int width, float[] out, int at) {
      for (int row = 0; row < count; row++) {
        decode((first + row) * columns() + firstColumn, width, out, at + row * width);
      }
    }

    /** As a file with just these elements would be read. */
    private void decode(long element, int count, float[] out, int at) {
      byte[] bytes = new byte[count * dtype.bytes()];
      files.read(file, begin + element * dtype.bytes(), bytes);
      MemorySegment some = MemorySegment.ofArray(bytes);
      new MappedTensor(name, dtype, List.of((long) count), 0, some).read(0, 1, out, at);
    }
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  @Override
  public List<String> notices() {
    return Stream.concat(super.notices().stream(), notices.stream()).toList();
  }

  @Override
  public boolean isRemote() {
    return true;
  }

  @Override
  public void requireUnchanged() {
    files.requireUnchanged();
  }

  @Override
  public String stamp() {
    return files.stamp();
  }

  @Override
  public void close() {
    files.close();
    super.close();
  }
}
