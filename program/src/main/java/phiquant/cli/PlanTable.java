package phiquant.cli;

import java.util.Locale;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;

/** An artifact's plan as a table: every tensor with its format, size and bits per weight. */
final class PlanTable {
  private PlanTable() {}

  static String of(ArtifactPlan plan) {
    StringBuilder table = new StringBuilder(plan.target() + "  " + plan.name() + "\n");
    int width = plan.tensors().stream().mapToInt(tensor -> tensor.name().length()).max().orElse(6);
    String row = "  %-" + width + "s  %-16s  %-14s  %10s  %s%n";
    table.append(String.format(row, "tensor", "shape", "format", "size", "bits"));
    for (PlannedTensor tensor : plan.tensors()) {
      table.append(
          String.format(
              Locale.ROOT,
              row,
              tensor.name(),
              tensor.shape(),
              tensor.format(),
              Summary.size(tensor.bytes()),
              String.format(Locale.ROOT, "%.2f", Summary.bits(tensor))));
    }
    plan.notes().forEach(note -> table.append("  note: ").append(note).append('\n'));
    table.append(
        String.format(
            Locale.ROOT,
            "  %d tensors, %.2f bits per weight, %s of disk%n",
            plan.tensors().size(),
            Summary.bitsPerWeight(plan),
            Summary.size(plan.bytes())));
    return table.toString();
  }
}
