package phiquant.cli;

import java.nio.file.Path;
import java.util.Locale;
import phiquant.target.ArtifactPlan;
import phiquant.target.PlannedTensor;

/** The line that a run ends with for each artifact. */
final class Summary {
  private Summary() {}

  static String of(Path path, ArtifactPlan plan) {
    double bits = bitsPerWeight(plan);
    long higher = plan.tensors().stream().filter(tensor -> bits(tensor) > bits + 0.75).count();
    return String.format(
        Locale.ROOT,
        "%s  %s  %.2f bits per weight  %d of %d tensors in higher precision",
        path,
        size(plan.bytes()),
        bits,
        higher,
        plan.tensors().size());
  }

  static double bitsPerWeight(ArtifactPlan plan) {
    long bytes = plan.tensors().stream().mapToLong(PlannedTensor::bytes).sum();
    return 8.0 * bytes / plan.tensors().stream().mapToLong(Summary::weights).sum();
  }

  static double bits(PlannedTensor tensor) {
    return 8.0 * tensor.bytes() / weights(tensor);
  }

  private static long weights(PlannedTensor tensor) {
    return Math.max(1, tensor.source().elements());
  }

  static String size(long bytes) {
    return bytes >= 1_000_000_000
        ? String.format(Locale.ROOT, "%.2f GB", bytes / 1e9)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
