package phiquant.checkpoint.safetensors;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.MappedFiles;
import phiquant.checkpoint.MappedTensor;

/**
 * One safetensors file, mapped into memory; its layout is that of {@link SafetensorsHeader}.
 *
 * @param path of the file
 * @param metadata the texts under {@code __metadata__}
 * @param tensors by name, in the order of their data
 */
public record SafetensorsFile(
    Path path, Map<String, String> metadata, Map<String, MappedTensor> tensors) {
  /**
   * Maps a file and checks its header against its size.
   *
   * @throws UserError naming the file and the rule that it breaks
   */
  public static SafetensorsFile open(Path path, MappedFiles files) {
    MemorySegment file = files.map(path);
    SafetensorsHeader header =
        SafetensorsHeader.read(
            path,
            file.byteSize(),
            (offset, count) -> file.asSlice(offset, count).toArray(JAVA_BYTE));
    MemorySegment data = file.asSlice(header.data());
    Map<String, MappedTensor> tensors = new LinkedHashMap<>();
    for (SafetensorsHeader.Entry one : header.tensors()) {
      tensors.put(
          one.name(),
          new MappedTensor(
              one.name(),
              one.dtype(),
              one.shape(),
              one.begin(),
              data.asSlice(one.begin(), one.bytes())));
    }
    return new SafetensorsFile(path, header.metadata(), tensors);
  }
}
