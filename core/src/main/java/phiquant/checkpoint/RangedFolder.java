package phiquant.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.safetensors.SafetensorsHeader;
import phiquant.checkpoint.safetensors.Shards;

/**
 * A checkpoint of safetensors in a store that gives ranges of bytes. Headers are read when it is
 * opened; rows of weights come when they are asked for, and are nowhere afterwards.
 */
public final class RangedFolder extends SafetensorsFolder {
  private final RangedFiles files;

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
    Shards<StoredTensor> shards = Shards.open(files, this::header);
    hold(shards, shards.tensors(), codes);
  }

  private Map<String, StoredTensor> header(String name) {
    SafetensorsHeader header =
        SafetensorsHeader.read(
            path().resolve(name),
            files.size(name),
            (offset, count) -> {
              byte[] bytes = new byte[count];
              files.read(name, offset, bytes);
              return bytes;
            });
    return FetchedTensor.of(
        header,
        0,
        (from, count, reader) -> {
          byte[] bytes = new byte[count];
          files.read(name, from, bytes);
          reader.accept(MemorySegment.ofArray(bytes));
        });
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
