package phiquant.importance;

import java.nio.file.Path;
import java.util.List;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engine.gguf.writer.ImportanceFile;
import phiquant.publish.Publication;

/** Makes one importance matrix of several: as if their texts had been one. */
public final class Merge {
  private Merge() {}

  /**
   * Writes the matrix.
   *
   * @param parts GGUF matrices of one model, two or more
   * @return what is in it
   * @throws phiquant.UserError naming the file that is not sound, or what two of them differ in
   */
  public static Importance into(List<Path> parts, Path output, boolean overwrite) {
    Importance sum =
        parts.stream()
            .map(part -> ImportanceReader.read(part).importance())
            .reduce(Importance::plus)
            .orElseThrow();
    try (Publication publication = Publication.begin(output, overwrite)) {
      publication.publish(ImportanceFile.bytes(sum, sum.keys()));
    }
    return sum;
  }
}
