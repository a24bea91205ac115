package phiquant.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;
import phiquant.eval.Scores;
import phiquant.eval.TensorError;
import phiquant.report.Figures;

/** An evaluation for people at a terminal: quality, then cost, then what to know. */
public final class EvaluationTable {
  private EvaluationTable() {}

  /** Its figures, a line for each model. */
  public static String of(Evaluation evaluation) {
    List<Result> all = new ArrayList<>(List.of(evaluation.original()));
    all.addAll(evaluation.artifacts());
    int width = all.stream().mapToInt(result -> result.name().length()).max().orElse(8);
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT,
            "On %s: %s of %d tokens; activations %s; the original is %s.%n%n",
            evaluation.text(),
            Figures.count(evaluation.windows(), "window"),
            evaluation.window(),
            evaluation.activations(),
            evaluation.original().name()));
    String row = "%-" + width + "s  %10s  %8s  %8s  %8s  %9s  %12s  %12s%n";
    table.append(
        String.format(
            row,
            "quality",
            "perplexity",
            "mean KL",
            "median",
            "99 %",
            "same top",
            "KL, weights",
            "weight error"));
    all.forEach(result -> table.append(quality(row, result, result == evaluation.original())));
    String costs = "%-" + width + "s  %10s  %8s  %8s  %8s  %9s  %12s%n";
    table.append('\n');
    table.append(
        String.format(costs, "cost", "size", "bits", "prefill", "decode", "load", "peak memory"));
    all.forEach(result -> table.append(cost(costs, result)));
    table.append(
        """

        KL is from the original, in nats; "KL, weights" with f32 activations. Same top: how often the
        most probable token is the original's. Prefill and decode: tokens a second of phiquant's own
        engine on this machine. Peak memory: of this process, the original's predictions included.
        """);
    for (Result result : evaluation.artifacts()) {
      result.warnings().forEach(w -> table.append(result.name() + ": " + w + "\n"));
    }
    return table.toString();
  }

  private static String quality(String row, Result result, boolean original) {
    Scores scores = result.scores();
    String perplexity = String.format(Locale.ROOT, "%.3f", scores.perplexity());
    if (original) {
      return String.format(row, result.name(), perplexity, "–", "–", "–", "–", "–", "–");
    }
    return String.format(
        row,
        result.name(),
        perplexity,
        Figures.nats(scores.meanKl()),
        Figures.nats(scores.medianKl()),
        Figures.nats(scores.p99Kl()),
        String.format(Locale.ROOT, "%.1f %%", 100 * scores.sameTop()),
        result.exactScores() == null ? "–" : Figures.nats(result.exactScores().meanKl()),
        String.format(Locale.ROOT, "%.2f %%", 100 * Figures.medianError(result)));
  }

  private static String cost(String row, Result result) {
    Result.Costs costs = result.costs();
    return String.format(
        Locale.ROOT,
        row,
        result.name(),
        Figures.size(result.bytes()),
        String.format(Locale.ROOT, "%.2f", result.bitsPerWeight()),
        String.format(Locale.ROOT, "%.1f", costs.prefill()),
        String.format(Locale.ROOT, "%.1f", costs.decode()),
        String.format(Locale.ROOT, "%.2f s", costs.loadSeconds()),
        costs.peakBytes() == null ? "–" : Figures.size(costs.peakBytes()));
  }

  /** Every weight's error, the largest first. */
  static String tensors(Result result) {
    StringBuilder table = new StringBuilder(result.name() + "\n");
    String row = "  %-48s  %-16s  %12s  %10s%n";
    table.append(String.format(row, "tensor", "format", "relative RMS", "largest"));
    result.errors().stream()
        .sorted(Comparator.comparing(TensorError::relativeRms).reversed())
        .forEach(
            error ->
                table.append(
                    String.format(
                        row,
                        error.name(),
                        error.format(),
                        String.format(Locale.ROOT, "%.3f %%", 100 * error.relativeRms()),
                        String.format(Locale.ROOT, "%.4f", error.max()))));
    return table.toString();
  }
}
