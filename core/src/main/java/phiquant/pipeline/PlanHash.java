package phiquant.pipeline;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import phiquant.Version;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedTensor;

/**
 * A hash of all that plans say: each file's size and what is known of it, each tensor's format and
 * place. Machines that have the same hash write the same files, as far as their sources and what
 * their encoders were told are the same.
 */
public final class PlanHash {
  private PlanHash() {}

  /** 32 hexadecimal digits. */
  public static String of(List<ArtifactPlan> plans) {
    MessageDigest digest = digest();
    add(digest, Version.NUMBER);
    for (ArtifactPlan plan : plans) {
      add(digest, plan.target() + " " + plan.name());
      for (PlannedFile file : plan.files()) {
        add(digest, file.path() + " " + file.size());
        for (PlannedFile.Fixed fixed : file.fixed()) {
          add(digest, fixed.offset() + " " + fixed.bytes().length);
          digest.update(fixed.bytes());
        }
      }
      plan.written().forEach(tensor -> add(digest, text(tensor)));
    }
    return HexFormat.of().formatHex(digest.digest()).substring(0, 32);
  }

  private static String text(PlannedTensor tensor) {
    return String.join(
        " ",
        tensor.name(),
        tensor.format(),
        tensor.shape().toString(),
        tensor.source().name(),
        tensor.source().format(),
        Boolean.toString(tensor.transposed()),
        tensor.parts().toString());
  }

  private static void add(MessageDigest digest, String text) {
    digest.update((text + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
