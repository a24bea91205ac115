package phiquant.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import java.util.Set;

/**
 * Who may use the server, beside programs that ask it by its own name.
 *
 * @param key what requests must bring along, if anything
 * @param origins pages of these may use it; {@code *}: of any
 * @param hosts names of this machine that are not known otherwise
 */
public record Access(Optional<String> key, Set<String> origins, Set<String> hosts) {
  /** Everybody on this machine. */
  public static final Access OPEN = new Access(Optional.empty(), Set.of(), Set.of());

  boolean isPageAllowed(String origin) {
    return origins.contains("*") || origins.contains(origin);
  }

  /** Takes as long for a key that is nearly right as for any other. */
  boolean isKey(String given) {
    return MessageDigest.isEqual(hash(given), hash(key.orElse("")));
  }

  private static byte[] hash(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java has it.
    }
  }
}
