package phiquant.hub;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import phiquant.UserError;

/**
 * The hash of a file as its bytes pass, against what the hub says of it: SHA-256 of a large file,
 * or the SHA-1 under which git keeps a small one ({@code "blob SIZE\0"}, then its bytes).
 */
final class ContentHash {
  private final HubFile file;
  private final MessageDigest digest;

  ContentHash(HubFile file) {
    this.file = file;
    try {
      this.digest = MessageDigest.getInstance(file.sha256().isPresent() ? "SHA-256" : "SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
    if (file.sha256().isEmpty()) {
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.UTF_8));
    }
  }

  /** The next bytes. */
  void update(MemorySegment bytes) {
    digest.update(bytes.asByteBuffer());
  }

  /**
   * Compares, when all have passed.
   *
   * @param model whose file it is
   * @throws UserError if they are not what the hub says
   */
  void check(HubName model) {
    if (!HexFormat.of().formatHex(digest.digest()).equals(file.etag())) {
      throw new UserError(
          "%s: %s came with other bytes than the hub says (its hash differs)."
              .formatted(model, file.path()),
          "Try again; if it happens again, what stands between changes them.");
    }
  }
}
