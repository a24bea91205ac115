package phiquant.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import phiquant.eval.Result;
import phiquant.eval.TensorError;
import phiquant.model.Role;

/**
 * Every matrix's relative error as a table of colours: a row for each role, a column for each
 * layer. It is a real table with the figures in it, so that it can be read without the colours;
 * colours are on one scale for all artifacts.
 */
final class HeatMap {
  /** From 0.1 % to 100 % in steps of a third of a decade. */
  private static final int SHADES = 10;

  private static final Map<Role, String> ROWS = new LinkedHashMap<>();

  static {
    ROWS.put(Role.QKV, "query, key, value");
    ROWS.put(Role.QUERY, "query");
    ROWS.put(Role.KEY, "key");
    ROWS.put(Role.VALUE, "value");
    ROWS.put(Role.ATTENTION_OUTPUT, "attention output");
    ROWS.put(Role.GATE_UP, "gate and up");
    ROWS.put(Role.UP, "up");
    ROWS.put(Role.DOWN, "down");
    ROWS.put(Role.ROUTER, "router");
    ROWS.put(Role.EXPERT_GATE, "experts' gates");
    ROWS.put(Role.EXPERT_UP, "experts' ups");
    ROWS.put(Role.EXPERT_DOWN, "experts' downs");
  }

  private HeatMap() {}

  static void write(Result result, Markup html) {
    List<TensorError> errors = result.errors();
    int layers = 1 + errors.stream().mapToInt(TensorError::layer).max().orElse(-1);
    html.open(
        "div",
        "class",
        "scroll",
        "tabindex",
        "0",
        "role",
        "region",
        "aria-label",
        "Errors of " + result.name());
    html.open("table", "class", "heat");
    html.element("caption", result.name());
    html.open("thead").open("tr").element("th", "layer", "scope", "col");
    for (int layer = 0; layer < layers; layer++) {
      html.element("th", Integer.toString(layer), "scope", "col");
    }
    html.close().close().open("tbody");
    ROWS.forEach(
        (role, name) -> {
          List<TensorError> row = errors.stream().filter(e -> e.role() == role).toList();
          if (!row.isEmpty()) {
            html.open("tr").element("th", name, "scope", "row");
            Map<Integer, List<TensorError>> layersOfRole =
                row.stream()
                    .collect(
                        Collectors.groupingBy(
                            TensorError::layer, LinkedHashMap::new, Collectors.toList()));
            layersOfRole.values().forEach(errorsOfLayer -> cell(errorsOfLayer, html));
            html.close();
          }
        });
    html.close().close().close();
    html.open("p", "class", "outside");
    for (Role role : List.of(Role.EMBEDDING, Role.HEAD)) {
      errors.stream()
          .filter(error -> error.role() == role)
          .forEach(
              error ->
                  html.element(
                      "span",
                      role.name().toLowerCase(Locale.ROOT) + " " + percent(error),
                      "class",
                      shade(error.relativeRms()),
                      "title",
                      error.format()));
    }
    html.close();
  }

  /** One matrix; or a layer's experts together, whose errors are alike. */
  private static void cell(List<TensorError> experts, Markup html) {
    TensorError error = experts.getFirst();
    if (experts.size() > 1) {
      double squares = experts.stream().mapToDouble(e -> e.relativeRms() * e.relativeRms()).sum();
      double mean = Math.sqrt(squares / experts.size());
      double max = experts.stream().mapToDouble(TensorError::max).max().orElseThrow();
      String name = error.name() + " and " + (experts.size() - 1) + " more";
      error = new TensorError(name, error.role(), error.layer(), error.format(), mean, max);
    }
    html.element(
        "td",
        percent(error).replace(" %", ""),
        "class",
        shade(error.relativeRms()),
        "title",
        error.name() + ", " + error.format() + ": " + percent(error));
  }

  /** What the colours mean. */
  static void legend(Markup html) {
    html.open("p", "class", "legend").text("Relative error of a weight, in percent: ");
    for (int shade = 0; shade < SHADES; shade++) {
      double from = Math.pow(10, -3 + (shade - 0.5) / 3);
      String text = shade == 0 ? "below" : Figures.number(100 * from, from < 0.01 ? 2 : 1);
      html.element("span", text, "class", "h" + shade);
    }
    html.close();
  }

  private static String shade(double error) {
    if (error <= 0) {
      return "h0";
    }
    long shade = Math.round(3 * (Math.log10(error) + 3));
    return "h" + Math.clamp(shade, 0, SHADES - 1);
  }

  private static String percent(TensorError error) {
    double percent = 100 * error.relativeRms();
    return percent < 0.0005
        ? "0 %"
        : Figures.number(percent, percent < 0.1 ? 3 : percent < 10 ? 1 : 0) + " %";
  }
}
