package phiquant.hub;

import java.util.Optional;

/**
 * A file of a model at a commit, as the hub lists it.
 *
 * @param path within the model, with slashes
 * @param size in bytes
 * @param blob git's hash of the file, or of what stands for it where it is large
 * @param sha256 of the content, if it is large
 * @param xetHash under which the hub's newer storage has it, if it does
 */
public record HubFile(
    String path, long size, String blob, Optional<String> sha256, Optional<String> xetHash) {

  /** What the hub calls this content, and caches call its file. */
  String etag() {
    return sha256.orElse(blob);
  }

  /** Whether it lies in a folder of the model. */
  boolean isWithin() {
    return path.contains("/");
  }
}
