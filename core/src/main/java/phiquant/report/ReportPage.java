package phiquant.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import phiquant.eval.Continuation;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;

/**
 * An evaluation, or those of many models, as one page of HTML that needs nothing else: no network,
 * no scripts. It is made to be read by people, with or without eyes, on a screen or on paper.
 */
public final class ReportPage {
  private final Evaluation evaluation;
  private final List<Result> front;
  private final Markup html;

  /** Of the heading of the whole evaluation. */
  private final int level;

  /** Where its sections are found on a page of many. */
  private final String place;

  private ReportPage(Evaluation evaluation, Markup html, int level, String place) {
    this.evaluation = evaluation;
    this.front = Pareto.front(evaluation.artifacts());
    this.html = html;
    this.level = level;
    this.place = place;
  }

  /** The page. */
  public static String of(Evaluation evaluation) {
    Markup html = new Markup();
    begin(title(evaluation), html);
    ReportPage page = new ReportPage(evaluation, html, 1, "");
    html.open("header");
    page.head();
    html.close().open("main");
    page.body();
    html.close().close().close();
    return html.toString();
  }

  /** A page of several models, each of which is an article of its own. */
  public static String of(List<Evaluation> evaluations) {
    if (evaluations.size() == 1) {
      return of(evaluations.getFirst());
    }
    Markup html = new Markup();
    String title = Figures.count(evaluations.size(), "model") + ", quantized";
    begin(title, html);
    html.open("header").element("h1", title).open("nav", "aria-label", "Models").open("ul");
    for (int i = 0; i < evaluations.size(); i++) {
      Evaluation each = evaluations.get(i);
      html.open("li").element("a", each.original().name(), "href", "#" + place(i) + "model");
      html.text(", " + Figures.count(each.artifacts().size(), "artifact")).close();
    }
    html.close().close().close().open("main");
    for (int i = 0; i < evaluations.size(); i++) {
      html.open("article", "aria-labelledby", place(i) + "model");
      ReportPage page = new ReportPage(evaluations.get(i), html, 2, place(i));
      page.head();
      page.body();
      html.close();
    }
    html.close().close().close();
    return html.toString();
  }

  private static String place(int number) {
    return "model-" + (number + 1) + "-";
  }

  private static String title(Evaluation evaluation) {
    return evaluation.original().name() + ", quantized";
  }

  private static void begin(String title, Markup html) {
    html.raw("<!DOCTYPE html>\n").open("html", "lang", "en").open("head");
    html.open("meta", "charset", "utf-8");
    html.open("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
    html.open("meta", "name", "color-scheme", "content", "light dark");
    html.element("title", title).open("style").raw(style()).close().close();
    html.open("body");
  }

  /** What was compared, and how. */
  private void head() {
    html.element("h" + level, title(evaluation), "id", place + "model");
    html.element(
        "p",
        String.format(
            Locale.ROOT,
            "%s against the original: %s of %d tokens of %s, computed by phiquant"
                + " %s on %s, activations %s, longrope's factors by the rule \u201c%s\u201d.",
            Figures.count(evaluation.artifacts().size(), "artifact"),
            Figures.count(evaluation.windows(), "window"),
            evaluation.window(),
            evaluation.text(),
            evaluation.version(),
            Figures.count(evaluation.threads(), "thread"),
            evaluation.activations(),
            evaluation.ropeRule()));
  }

  private void body() {
    summary();
    section("figures", "Figures", () -> FiguresTable.write(evaluation, front, html));
    section("plot", "Size against quality", this::plot);
    section("errors", "Where the errors are", this::errors);
    section("answers", "What they answer", this::answers);
    section("again", "How to make them again", this::again);
    section("method", "How it was measured", this::method);
  }

  private void section(String id, String heading, Runnable content) {
    html.open("section", "aria-labelledby", place + id);
    html.element("h" + (level + 1), heading, "id", place + id);
    content.run();
    html.close();
  }

  /** The choice in a few words: the front from small to large. */
  private void summary() {
    html.open("ul", "class", "cards");
    for (Result one : front) {
      html.open("li").element("strong", one.name());
      html.element(
          "span",
          String.format(
              Locale.ROOT,
              "%s, %.0f %% of the original",
              Figures.size(one.bytes()),
              100.0 * one.bytes() / evaluation.original().bytes()));
      html.element("span", "KL " + Figures.nats(one.scores().meanKl()));
      html.element("span", Figures.percent(one.scores().sameTop()) + " same first choice");
      html.close();
    }
    html.close();
    html.element(
        "p",
        "No other artifact here is both smaller and closer to the original than one of these.",
        "class",
        "hint");
  }

  private void plot() {
    html.open("figure");
    html.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", "Plot");
    ParetoPlot.write(evaluation, html, place);
    html.close();
    html.element(
        "figcaption",
        "Left and low is better. The line joins the artifacts that none beats in both. ● GGUF,"
            + " ■ MLX, ▲ ONNX, ◆ OpenVINO.");
    html.close();
  }

  private void errors() {
    html.element(
        "p",
        "How far each weight is from the original's when it is decoded: the root of the mean"
            + " squared error, relative to the weight's own size.");
    HeatMap.legend(html);
    evaluation.artifacts().forEach(result -> HeatMap.write(result, html));
  }

  private void answers() {
    html.open("p").text("Always the most probable token, at most 32. ");
    html.element("mark", "Marked").text(" is the first token that is not the original's.").close();
    List<Result> all = new ArrayList<>(List.of(evaluation.original()));
    all.addAll(evaluation.artifacts());
    for (int i = 0; i < evaluation.original().answers().size(); i++) {
      int prompt = i;
      html.element("h" + (level + 2), evaluation.original().answers().get(i).prompt());
      html.open("dl", "class", "answers");
      for (Result one : all) {
        html.element("dt", one == evaluation.original() ? one.name() + " (original)" : one.name());
        answer(one.answers().get(prompt));
      }
      html.close();
    }
  }

  private void answer(Continuation answer) {
    html.open("dd").text(answer.same());
    if (!answer.differing().isEmpty()) {
      // White space alone would not show that it is marked.
      String token = answer.differing().replace("\n", "⏎\n");
      html.element("mark", token, "title", "the first token that is not the original's");
    } else if (answer.same().isEmpty()) {
      html.element("em", "nothing");
    }
    html.text(answer.rest()).close();
  }

  private void again() {
    for (Result one : evaluation.artifacts()) {
      html.element("h" + (level + 2), one.name());
      double all = one.formats().values().stream().mapToLong(Long::longValue).sum();
      List<String> shares =
          one.formats().entrySet().stream()
              .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
              .map(entry -> entry.getKey() + " " + Figures.percent(entry.getValue() / all))
              .toList();
      html.element("p", "Bytes by number format: " + String.join(", ", shares) + ".");
      if (one.command() == null) {
        html.element("p", "It does not say how it was made.");
      } else {
        html.open("pre").element("code", one.command()).close();
      }
      one.warnings().forEach(warning -> html.element("p", warning, "class", "warning"));
    }
  }

  private void method() {
    html.open("ul");
    for (String line :
        List.of(
            "Perplexity: e to the mean of −ln p of each token that really follows; every window"
                + " begins with an empty cache and its first token is not counted.",
            "KL: the Kullback-Leibler divergence from the original's prediction, in nats; mean,"
                + " median and 99th percentile over tokens. The original ran with f32 activations"
                + " and an f32 cache.",
            "KL of the weights: the same with f32 activations. The difference is what rounding"
                + " activations costs, as the engines do to be fast.",
            "Speed, load time and memory: of phiquant's own engine on the machine that made this"
                + " page, medians of windows and tokens; memory is the process's peak with the"
                + " mapped file. Other engines have other speeds.",
            "An artifact's engine may choose longrope's factors otherwise than the checkpoint;"
                + " where that is so, a warning stands above.")) {
      html.element("li", line);
    }
    html.close();
  }

  private static String style() {
    try (InputStream in = ReportPage.class.getResourceAsStream("/phiquant/report/report.css")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
