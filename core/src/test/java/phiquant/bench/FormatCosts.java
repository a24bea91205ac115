package phiquant.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedTensor;

/**
 * Nanoseconds of CPU per weight of each format that targets give to a checkpoint's matrices, on one
 * thread, encoding alone: what shares of a pass are balanced by. Usage: CHECKPOINT TARGET...
 */
public final class FormatCosts {
  private static final long ENOUGH = 700_000_000;
  private static final int WARM = 30;

  private FormatCosts() {}

  public static void main(String[] arguments) {
    Map<String, Double> costs = new TreeMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(Path.of(arguments[0]))) {
      for (String target : List.of(arguments).subList(1, arguments.length)) {
        ArtifactPlan plan = Quantize.of(checkpoint).to(target).outline().getFirst();
        String engine = target.replaceFirst(":.*", "");
        for (PlannedTensor tensor : plan.tensors()) {
          boolean matrix = tensor.source().shape().size() == 2 && tensor.source().rows() >= 64;
          if (matrix && !tensor.transposed()) {
            costs.computeIfAbsent(engine + " " + tensor.format(), unused -> cost(tensor));
          }
        }
      }
    }
    System.out.println("| format | ns per weight |\n|---|---|");
    costs.forEach((name, ns) -> System.out.printf(Locale.ROOT, "| %s | %.1f |%n", name, ns));
  }

  private static double cost(PlannedTensor tensor) {
    int columns = Math.toIntExact(tensor.source().columns());
    int multiple = tensor.encoder().rowMultiple();
    int rows = Math.max(1, 64 / multiple) * multiple;
    float[] floats = new float[rows * columns];
    tensor.source().read(0, rows, floats, 0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment[] parts = new MemorySegment[tensor.parts().size()];
      for (int i = 0; i < parts.length; i++) {
        Part part = tensor.parts().get(i);
        parts[i] = arena.allocate(rows * part.groupBytes() / multiple, 4096);
      }
      long best = Long.MAX_VALUE;
      long sum = 0;
      // The first calls of a vector form are run by the interpreter, a thousand times slower.
      for (int calls = 0; calls < WARM || sum < ENOUGH; calls++) {
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        tensor.encoder().encode(floats, 0, rows, columns, parts);
        long one = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start;
        best = Math.min(best, one);
        sum += one;
      }
      return (double) best / floats.length;
    }
  }
}
