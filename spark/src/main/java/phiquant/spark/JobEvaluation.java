package phiquant.spark;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Identity;
import phiquant.cli.EvalOrder;
import phiquant.cli.EvaluationTable;
import phiquant.cli.Main;
import phiquant.engine.Checkpoints;
import phiquant.eval.Evaluation;
import phiquant.model.phi.Family;
import phiquant.publish.Publication;
import phiquant.report.ReportPage;

/**
 * The end of a job: each model is compared with all that was made from it, some models at a time,
 * and one page shows them all. What was measured is kept beside the artifacts' notes, so that the
 * same job, submitted again, runs no model.
 */
final class JobEvaluation {
  private static final int AT_ONCE = 4;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Cluster cluster;
  private final JobFile.Measuring measuring;

  JobEvaluation(Cluster cluster, JobFile.Measuring measuring) {
    this.cluster = cluster;
    this.measuring = measuring;
  }

  /**
   * Refuses what would be refused in the end.
   *
   * @throws UserError if the options are wrong, or the page cannot be written
   */
  static void check(JobFile.Measuring measuring) {
    EvalOrder.of(arguments(measuring, "original", List.of(Path.of("artifact"))));
    Path folder = measuring.report().map(page -> page.toAbsolutePath().getParent()).orElse(null);
    if (folder != null && !Files.isDirectory(folder)) {
      throw UserError.usage(
          "%s cannot be written: there is no folder %s."
              .formatted(measuring.report().get(), folder));
    }
  }

  private static List<String> arguments(
      JobFile.Measuring measuring, String original, List<Path> artifacts) {
    List<String> arguments = new ArrayList<>();
    artifacts.forEach(artifact -> arguments.add(artifact.toString()));
    arguments.addAll(List.of("--against", original));
    arguments.addAll(measuring.arguments());
    return arguments;
  }

  /**
   * Measures all, shows the figures, and writes the page.
   *
   * @param artifacts by the model that they were made from
   * @return 0, or what a failure ends with
   */
  int run(Map<String, List<Path>> artifacts) {
    int code = 0;
    List<Evaluation> evaluations = new ArrayList<>();
    try (ExecutorService drivers = Executors.newFixedThreadPool(AT_ONCE)) {
      Map<String, Future<Optional<Evaluation>>> results = new LinkedHashMap<>();
      artifacts.forEach(
          (model, made) -> results.put(model, drivers.submit(() -> evaluate(model, made))));
      for (Map.Entry<String, Future<Optional<Evaluation>>> result : results.entrySet()) {
        try {
          result.getValue().get().ifPresent(evaluations::add);
        } catch (ExecutionException e) {
          System.err.println("evaluating " + result.getKey() + ":");
          int failed = Main.report(new IllegalStateException(e.getCause()));
          code = code == 0 ? failed : code;
        } catch (InterruptedException e) {
          drivers.shutdownNow();
          throw new UserError("The job was interrupted.", e);
        }
      }
    }
    for (Evaluation evaluation : evaluations) {
      System.out.print("\n" + EvaluationTable.of(evaluation));
    }
    if (measuring.report().isPresent() && !evaluations.isEmpty()) {
      write(measuring.report().get(), ReportPage.of(evaluations));
    }
    return code;
  }

  /** A job that was submitted before says the same again. */
  private void write(Path report, String page) {
    if (!page.equals(Files.isRegularFile(report) ? InputFile.text(report) : "")) {
      Publication.write(report, page, measuring.overwrite());
    }
    System.out.println("\n" + report);
  }

  private Optional<Evaluation> evaluate(String model, List<Path> made) {
    List<Path> readable = made.stream().filter(JobEvaluation::isReadable).toList();
    if (readable.isEmpty()) {
      return Optional.empty();
    }
    Path noted = noted(model, readable);
    Optional<Evaluation> before = read(noted);
    if (before.isPresent()) {
      System.out.println(model + " is measured already: the same artifacts, the same text.");
      return before;
    }
    Evaluation evaluation =
        EvalOrder.of(arguments(measuring, model, readable))
            .evaluate(Optional.of(new ClusterExaminer(cluster)));
    try {
      Publication.write(noted, JSON.writeValueAsString(evaluation), true);
    } catch (IOException e) {
      throw Publication.cannotWrite(noted, e);
    }
    return Optional.of(evaluation);
  }

  /** What only its engine can read, such as an adapter, is not measured. */
  private static boolean isReadable(Path artifact) {
    try (Checkpoint opened = Checkpoints.open(artifact)) {
      Family.model(opened);
      return true;
    } catch (UserError e) {
      System.out.println("Not measured: " + e.getMessage());
      return false;
    }
  }

  /** Where an evaluation of these is kept. */
  private Path noted(String model, List<Path> artifacts) {
    Identity identity = new Identity().add(Version.NUMBER + " " + measuring.arguments());
    for (Path each : artifacts) {
      identity.add(each + "\n" + Manifest.of(each).text());
    }
    try (Checkpoint original = Checkpoints.open(Path.of(model))) {
      identity.add(original);
    }
    Path beside = Manifest.of(artifacts.getFirst()).file();
    return beside.resolveSibling("evaluation-" + identity.hex().substring(0, 16) + ".json");
  }

  private static Optional<Evaluation> read(Path file) {
    try {
      return Files.isRegularFile(file)
          ? Optional.of(JSON.readValue(file.toFile(), Evaluation.class))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // Of another version: measured again.
    }
  }
}
