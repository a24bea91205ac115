package phiquant.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;

/** The line that a run ends with for each artifact. */
public final class Summary {
  private Summary() {}

  /** An artifact, its size, and how many of its weights are kept in higher precision. */
  public static String of(Path path, ArtifactPlan plan) {
    double bits = bitsPerWeight(plan);
    List<PlannedTensor> higher = stored(plan).filter(tensor -> bits(tensor) > bits + 0.75).toList();
    double share = 100.0 * weights(higher.stream()) / weights(stored(plan));
    return String.format(
        Locale.ROOT,
        "%s  %s  %.2f bits per weight  %.2f %% of the weights (%d of %d tensors) in higher"
            + " precision",
        path,
        size(plan.bytes()),
        bits,
        share,
        higher.size(),
        stored(plan).count());
  }

  static double bitsPerWeight(ArtifactPlan plan) {
    long bytes = stored(plan).mapToLong(PlannedTensor::bytes).sum();
    return 8.0 * bytes / weights(stored(plan));
  }

  /** The model's weights, without tables that are computed for an engine. */
  private static Stream<PlannedTensor> stored(ArtifactPlan plan) {
    return plan.tensors().stream().filter(tensor -> tensor.source().storedBytes() > 0);
  }

  static double bits(PlannedTensor tensor) {
    return 8.0 * tensor.bytes() / weights(tensor);
  }

  private static long weights(Stream<PlannedTensor> tensors) {
    return tensors.mapToLong(Summary::weights).sum();
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
