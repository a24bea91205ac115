package phiquant.engine.plan;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * All that an artifact will be: its files with their sizes, its tensors with their formats and
 * offsets. Making a plan reads no weights, so what a run will cost is known before it begins.
 *
 * @param target what was asked for, such as {@code gguf:Q4_K_M}
 * @param name of the artifact: a file's name if {@code singleFile}, otherwise a folder's
 * @param singleFile whether the artifact is one file, not a folder
 * @param files what will be written
 * @param tensors what the files hold
 * @param constants small weights that the engine has among the constants of a graph: written as
 *     tensors are, and no part of what a person is told of the format of each
 * @param notes what a user should know, a sentence each (fallbacks, limits of the engine)
 * @param calibratedOn names of the texts that weights were rounded for; none if they were not
 * @param recipe what a file says of who got which format, if that was chosen for a budget
 */
public record ArtifactPlan(
    String target,
    String name,
    boolean singleFile,
    List<PlannedFile> files,
    List<PlannedTensor> tensors,
    List<PlannedTensor> constants,
    List<String> notes,
    List<String> calibratedOn,
    Optional<String> recipe) {
  /** One without constants, whose formats were not chosen for a budget. */
  public ArtifactPlan(
      String target,
      String name,
      boolean singleFile,
      List<PlannedFile> files,
      List<PlannedTensor> tensors,
      List<String> notes,
      List<String> calibratedOn) {
    this(
        target, name, singleFile, files, tensors, List.of(), notes, calibratedOn, Optional.empty());
  }

  /** One whose weights are rounded without a text. */
  public ArtifactPlan(
      String target,
      String name,
      boolean singleFile,
      List<PlannedFile> files,
      List<PlannedTensor> tensors,
      List<String> notes) {
    this(target, name, singleFile, files, tensors, notes, List.of());
  }

  /** All that is made of weights. */
  public List<PlannedTensor> written() {
    return Stream.concat(tensors.stream(), constants.stream()).toList();
  }

  /** The same with one more file. */
  public ArtifactPlan with(PlannedFile file) {
    List<PlannedFile> more = Stream.concat(files.stream(), Stream.of(file)).toList();
    return new ArtifactPlan(
        target, name, singleFile, more, tensors, constants, notes, calibratedOn, recipe);
  }

  /** Whether a path names the one file that this is, for it has the same ending. */
  public boolean isFile(Path output) {
    return singleFile && output.toString().endsWith(name.substring(name.lastIndexOf('.')));
  }

  /** Where one of its files is, if the artifact is there. */
  public Path place(PlannedFile file, Path artifact) {
    return singleFile ? artifact : artifact.resolve(file.path());
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.stream().mapToLong(PlannedFile::size).sum();
  }
}
