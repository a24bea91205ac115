package phiquant.report;

import java.util.ArrayList;
import java.util.List;
import phiquant.engine.Engine;
import phiquant.eval.Evaluation;
import phiquant.eval.Result;

/**
 * Size against divergence as an SVG: what is left and low is better. The divergence is on a
 * logarithmic axis, since a good and a bad artifact lie factors of a thousand apart. Kinds differ
 * in shape as well as in colour.
 */
final class ParetoPlot {
  private static final double WIDTH = 860;
  private static final double HEIGHT = 440;
  private static final double LEFT = 92;
  private static final double RIGHT = 24;
  private static final double TOP = 22;
  private static final double BOTTOM = 54;
  private static final double SMALLEST = 1e-6;

  private final Evaluation evaluation;
  private final Markup svg;
  private final double megabytes;
  private final double step;
  private final int low;
  private final int high;
  private final List<double[]> taken = new ArrayList<>();

  private ParetoPlot(Evaluation evaluation, Markup svg) {
    this.evaluation = evaluation;
    this.svg = svg;
    double largest = evaluation.original().bytes() / 1e6;
    double smallestKl = 1;
    double largestKl = SMALLEST;
    for (Result result : evaluation.artifacts()) {
      largest = Math.max(largest, result.bytes() / 1e6);
      smallestKl = Math.min(smallestKl, kl(result));
      largestKl = Math.max(largestKl, kl(result));
    }
    step = niceStep(largest / 6);
    megabytes = Math.ceil(largest * 1.02 / step) * step;
    low = (int) Math.floor(Math.log10(smallestKl) - 0.05);
    high = Math.max(low + 1, (int) Math.ceil(Math.log10(largestKl) + 0.05));
  }

  /**
   * Writes it.
   *
   * @param place what its names begin with, where a page has several
   */
  static void write(Evaluation evaluation, Markup html, String place) {
    new ParetoPlot(evaluation, html).write(place);
  }

  private void write(String place) {
    svg.open(
        "svg",
        "viewBox",
        "0 0 860 440",
        "role",
        "img",
        "aria-labelledby",
        place + "plot-title " + place + "plot-text",
        "class",
        "plot");
    svg.element("title", "Size against divergence from the original", "id", place + "plot-title");
    svg.element(
        "desc",
        "Each artifact as a point; the table above has the same figures. On the front: "
            + String.join(
                ", ",
                Pareto.front(evaluation.artifacts()).stream()
                    .map(
                        one ->
                            one.name()
                                + " with "
                                + Figures.size(one.bytes())
                                + " and "
                                + Figures.nats(one.scores().meanKl()))
                    .toList())
            + ".",
        "id",
        place + "plot-text");
    axes();
    original();
    List<Result> front = Pareto.front(evaluation.artifacts());
    StringBuilder line = new StringBuilder();
    front.forEach(one -> line.append(at(x(one))).append(',').append(at(y(one))).append(' '));
    svg.open("polyline", "points", line.toString().strip(), "class", "front");
    for (Result one : evaluation.artifacts()) {
      taken.add(new double[] {x(one) - 9, y(one) - 9, x(one) + 9, y(one) + 9});
    }
    evaluation.artifacts().forEach(one -> point(one, front.contains(one)));
    svg.close();
  }

  private void axes() {
    double bottom = HEIGHT - BOTTOM;
    for (double mb = 0; mb <= megabytes + step / 2; mb += step) {
      double x = LEFT + mb / megabytes * (WIDTH - LEFT - RIGHT);
      line(x, TOP, x, bottom, "grid");
      label(x, bottom + 20, mb >= 10_000 ? at(mb / 1000) + " GB" : at(mb), "middle", "tick");
    }
    for (int decade = low; decade <= high; decade++) {
      double y = y(Math.pow(10, decade));
      line(LEFT, y, WIDTH - RIGHT, y, "grid");
      label(LEFT - 8, y + 4, decimal(decade), "end", "tick");
    }
    label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "size on disk, MB", "middle", "axis");
    svg.element(
        "text",
        "mean KL divergence from the original, nats",
        "transform",
        "translate(16," + at((TOP + bottom) / 2) + ") rotate(-90)",
        "text-anchor",
        "middle",
        "class",
        "axis");
  }

  private void original() {
    double x = x(evaluation.original());
    line(x, TOP, x, HEIGHT - BOTTOM, "original");
    String text = "original, " + Figures.size(evaluation.original().bytes());
    boolean left = x > WIDTH / 2;
    label(left ? x - 7 : x + 7, TOP + 14, text, left ? "end" : "start", "tick");
  }

  private void point(Result one, boolean onFront) {
    double x = x(one);
    double y = y(one);
    String kind = one.kind().name().toLowerCase(java.util.Locale.ROOT);
    svg.open("g", "class", "point " + kind + (onFront ? " best" : ""));
    svg.element(
        "title",
        one.name()
            + ": "
            + Figures.size(one.bytes())
            + ", KL "
            + Figures.nats(one.scores().meanKl())
            + (onFront ? ", on the front" : ""));
    shape(one.kind(), x, y);
    place(one.name(), x, y);
    svg.close();
  }

  private void shape(Engine kind, double x, double y) {
    switch (kind) {
      case GGUF -> svg.open("circle", "cx", at(x), "cy", at(y), "r", "7");
      case MLX ->
          svg.open(
              "rect", "x", at(x - 6.5), "y", at(y - 6.5), "width", "13", "height", "13", "rx", "1");
      case OPENVINO -> polygon(x, y, 0, -8.5, 8.5, 0, 0, 8.5, -8.5, 0);
      case ONNX -> polygon(x, y, 0, -8.5, 8.2, 6.5, -8.2, 6.5);
      case CHECKPOINT -> polygon(x, y, 0, 8.5, 8.2, -6.5, -8.2, -6.5);
    }
  }

  private void polygon(double x, double y, double... corners) {
    StringBuilder points = new StringBuilder();
    for (int i = 0; i < corners.length; i += 2) {
      points.append(at(x + corners[i])).append(',').append(at(y + corners[i + 1])).append(' ');
    }
    svg.open("polygon", "points", points.toString().strip());
  }

  /** Beside the point, where nothing is yet. */
  private void place(String name, double x, double y) {
    double width = 7.7 * name.length();
    double[][] places = {
      {x + 13, y + 4}, {x - 13 - width, y + 4}, {x - width / 2, y - 14}, {x - width / 2, y + 23},
      {x + 10, y - 12}, {x + 10, y + 20}, {x - 10 - width, y - 12}, {x - 10 - width, y + 20},
    };
    double[] best = places[0];
    for (double[] place : places) {
      double[] box = {place[0], place[1] - 11, place[0] + width, place[1] + 3};
      boolean inside = box[0] > LEFT && box[2] < WIDTH && box[1] > TOP && box[3] < HEIGHT - BOTTOM;
      if (inside && taken.stream().noneMatch(other -> overlap(box, other))) {
        best = place;
        break;
      }
    }
    taken.add(new double[] {best[0], best[1] - 11, best[0] + width, best[1] + 3});
    label(best[0], best[1], name, "start", "name");
  }

  private static boolean overlap(double[] a, double[] b) {
    return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
  }

  private void line(double x1, double y1, double x2, double y2, String style) {
    svg.open("line", "x1", at(x1), "y1", at(y1), "x2", at(x2), "y2", at(y2), "class", style);
  }

  private void label(double x, double y, String text, String anchor, String style) {
    svg.element("text", text, "x", at(x), "y", at(y), "text-anchor", anchor, "class", style);
  }

  private double x(Result one) {
    return LEFT + one.bytes() / 1e6 / megabytes * (WIDTH - LEFT - RIGHT);
  }

  private double y(Result one) {
    return y(kl(one));
  }

  private double y(double kl) {
    double share = (Math.log10(kl) - low) / (high - low);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  }

  private static double kl(Result one) {
    return Math.max(SMALLEST, one.scores().meanKl());
  }

  /** 1, 2 or 5 times a power of ten. */
  private static double niceStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    for (double factor : new double[] {1, 2, 5}) {
      if (factor * power >= atLeast) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static String decimal(int decade) {
    return decade >= 0 ? "1" + "0".repeat(decade) : Figures.number(Math.pow(10, decade), -decade);
  }

  /** A coordinate, short. */
  private static String at(double value) {
    return Figures.number(value, 1).replaceFirst("\\.0$", "");
  }
}
