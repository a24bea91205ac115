package phiquant.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.cli.Main;
import phiquant.cli.Others;
import phiquant.cli.SharedArguments;

/**
 * What {@code spark-submit phiquant-spark.jar} starts: phiquant's command line, whose work all
 * machines of the cluster do.
 */
public final class Submit {
  private Submit() {}

  /** Runs a command and ends with its exit code. */
  public static void main(String[] arguments) {
    System.exit(execute(List.of(arguments)));
  }

  private static int execute(List<String> arguments) {
    String command = arguments.isEmpty() ? "--help" : arguments.getFirst();
    List<String> others = arguments.subList(Math.min(1, arguments.size()), arguments.size());
    try {
      return switch (command) {
        case "quantize" -> quantize(SharedArguments.of(others));
        case "calibrate" -> calibrate(arguments);
        case "eval" -> eval(arguments);
        case "job" -> job(others);
        case "version", "--version", "--help", "help" ->
            Main.execute(arguments.toArray(String[]::new));
        default ->
            throw UserError.usage(
                "'%s' is not for a cluster; it can be quantize, calibrate, eval, job."
                    .formatted(command));
      };
    } catch (UserError e) {
      return Main.report(e);
    }
  }

  private static int quantize(SharedArguments shared) {
    List<String> absolute = new ArrayList<>(shared.arguments());
    absolute.addFirst("quantize");
    try (Cluster cluster = Cluster.open()) {
      Others others = Others.of(new ClusterWay(cluster, shared));
      return Main.execute(others, absolute.toArray(String[]::new));
    }
  }

  private static int calibrate(List<String> arguments) {
    try (Cluster cluster = Cluster.open()) {
      Others others = Others.of(ignored -> new ClusterPassage(cluster, ignored));
      return Main.execute(others, arguments.toArray(String[]::new));
    }
  }

  private static int eval(List<String> arguments) {
    try (Cluster cluster = Cluster.open()) {
      Others others = Others.of(new ClusterExaminer(cluster));
      return Main.execute(others, arguments.toArray(String[]::new));
    }
  }

  private static int job(List<String> arguments) {
    if (arguments.size() != 1) {
      throw UserError.usage("job takes one file in YAML.");
    }
    Job job = new Job(JobFile.read(Path.of(arguments.getFirst())));
    try (Cluster cluster = Cluster.open()) {
      return job.run(cluster);
    }
  }
}
