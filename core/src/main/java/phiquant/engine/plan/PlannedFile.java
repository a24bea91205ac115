package phiquant.engine.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CompanionFiles;
import phiquant.checkpoint.vocabulary.ChatTemplates;

/**
 * One file of an artifact, before anything is encoded.
 *
 * @param path relative to the artifact's folder; for a single-file artifact, its file name
 * @param size in bytes, of the finished file
 * @param fixed what does not come from weights: headers, small constants, whole JSON files. The
 *     gaps that neither these nor tensors fill are zero.
 */
public record PlannedFile(String path, long size, List<Fixed> fixed) {
  /** Bytes at a place of a file. */
  public record Fixed(long offset, byte[] bytes) {}

  /** A file that is known whole. */
  public static PlannedFile whole(String path, byte[] bytes) {
    return new PlannedFile(path, bytes.length, List.of(new Fixed(0, bytes)));
  }

  /** The checkpoint's own tokenizer and other files, byte for byte, as far as it has them. */
  public static List<PlannedFile> copies(Checkpoint checkpoint, String... others) {
    return Stream.concat(Stream.of(others), CompanionFiles.TOKENIZER.stream())
        .flatMap(name -> copy(checkpoint, name).map(bytes -> whole(name, bytes)).stream())
        .toList();
  }

  /** As it is; only a chat template that another file overrules is not passed on. */
  private static Optional<byte[]> copy(Checkpoint checkpoint, String name) {
    return name.equals("tokenizer_config.json")
        ? ChatTemplates.config(checkpoint)
        : checkpoint.file(name);
  }
}
