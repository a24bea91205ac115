package phiquant.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.pipeline.Division;

/**
 * The schedule of a cluster on paper: shares of the real plan of a checkpoint, of which only the
 * headers are read, handed out one by one to whichever core is free. Each takes what it is
 * estimated to, or off that by a random factor, and so many milliseconds to hand out. Usage:
 * CHECKPOINT CORES HANDING_MS TARGET...
 */
public final class ClusterSchedule {
  private ClusterSchedule() {}

  public static void main(String[] arguments) {
    int cores = Integer.parseInt(arguments[1]);
    double handing = Double.parseDouble(arguments[2]) * 1e6;
    List<String> targets = List.of(arguments).subList(3, arguments.length);
    try (Checkpoint checkpoint = Checkpoints.open(Path.of(arguments[0]))) {
      Quantize quantize = Quantize.of(checkpoint);
      targets.forEach(quantize::to);
      long start = System.nanoTime();
      Division division = Division.ofPlans(quantize.outline());
      List<Division.Share> shares = division.shares(cores);
      double planning = (System.nanoTime() - start) / 1e9;
      double ideal = division.cost() / cores;
      System.out.printf(
          Locale.ROOT,
          "%s, %d targets: %.0f s of work, %.2f s on each of %d cores; planned in %.1f s, %d shares"
              + " of %.0f to %.0f ms%n",
          checkpoint.path().getFileName(),
          targets.size(),
          division.cost() / 1e9,
          ideal / 1e9,
          cores,
          planning,
          shares.size(),
          shares.stream().mapToDouble(Division.Share::cost).min().orElse(0) / 1e6,
          shares.stream().mapToDouble(Division.Share::cost).max().orElse(0) / 1e6);
      for (double spread : new double[] {0, 0.25, 0.5}) {
        System.out.printf(
            Locale.ROOT,
            "  times off by up to %.0f %%: makespan %.3f of work / cores%n",
            100 * spread,
            makespan(shares, cores, handing, spread) / ideal);
      }
    }
  }

  /** The same work in all: what a random factor adds to one share it takes from others. */
  public static double makespan(
      List<Division.Share> shares, int cores, double handing, double spread) {
    SplittableRandom random = new SplittableRandom(1);
    List<Double> times = new ArrayList<>();
    double sum = 0;
    double estimated = 0;
    for (Division.Share share : shares) {
      double time = share.cost() * (1 + spread * (2 * random.nextDouble() - 1));
      times.add(time);
      sum += time;
      estimated += share.cost();
    }
    PriorityQueue<Double> free = new PriorityQueue<>(Collections.nCopies(cores, 0.0));
    double last = 0;
    for (double time : times) {
      double end = free.remove() + handing + time * estimated / sum;
      free.add(end);
      last = Math.max(last, end);
    }
    return last;
  }
}
