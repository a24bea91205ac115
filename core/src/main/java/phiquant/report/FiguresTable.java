package phiquant.report;

import java.util.ArrayList;
import java.util.List;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;
import phiquant.eval.Scores;

/** All figures of an evaluation as a table, a row for each model. */
final class FiguresTable {
  private static final List<String> COLUMNS =
      List.of(
          "artifact",
          "size",
          "bits",
          "perplexity",
          "mean KL",
          "median",
          "99 %",
          "same choice",
          "KL of the weights",
          "weight error",
          "prefill t/s",
          "decode t/s",
          "load",
          "memory");

  private FiguresTable() {}

  static void write(Evaluation evaluation, List<Result> front, Markup html) {
    html.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", "Figures");
    html.open("table", "class", "figures");
    html.element("caption", "★ none of the others is both smaller and closer to the original.");
    html.open("thead").open("tr");
    COLUMNS.forEach(column -> html.element("th", column, "scope", "col"));
    html.close().close().open("tbody");
    row(evaluation.original(), "original", true, html);
    for (Result one : evaluation.artifacts()) {
      row(one, front.contains(one) ? "★" : "", false, html);
    }
    html.close().close().close();
  }

  private static void row(Result one, String mark, boolean original, Markup html) {
    Scores scores = one.scores();
    Result.Costs costs = one.costs();
    html.open("tr").open("th", "scope", "row").text(one.name());
    if (!mark.isEmpty()) {
      html.element("small", "\u00a0" + mark);
    }
    html.close();
    List<String> cells =
        new ArrayList<>(
            List.of(
                Figures.size(one.bytes()),
                Figures.number(one.bitsPerWeight(), 2),
                Figures.number(scores.perplexity(), 3)));
    cells.addAll(
        original
            ? List.of("", "", "", "", "", "")
            : List.of(
                Figures.nats(scores.meanKl()),
                Figures.nats(scores.medianKl()),
                Figures.nats(scores.p99Kl()),
                Figures.percent(scores.sameTop()),
                one.exactScores() == null ? "" : Figures.nats(one.exactScores().meanKl()),
                Figures.percent(Figures.medianError(one))));
    cells.addAll(
        List.of(
            Figures.number(costs.prefill(), 1),
            Figures.number(costs.decode(), 1),
            Figures.number(costs.loadSeconds(), 2) + " s",
            costs.peakBytes() == null ? "" : Figures.size(costs.peakBytes())));
    cells.forEach(cell -> html.element("td", cell.isEmpty() ? "–" : cell));
    html.close();
  }
}
