package phiquant.serve;

import java.util.Locale;
import phiquant.run.Counts;

/**
 * What the server has done and does, as Prometheus reads it (text format 0.0.4). What llama-server
 * counts too has its names, so that what was made to watch one watches the other. Source:
 * llama.cpp, tools/server/README.md and server-task.cpp (b10519).
 */
final class Metrics {
  static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final StringBuilder text = new StringBuilder();

  private Metrics() {}

  /**
   * All of them.
   *
   * @param present requests that are answered or wait
   * @param deferred those that wait
   */
  static String of(Counts counts, int present, int deferred) {
    Metrics metrics = new Metrics();
    metrics.counter(
        "llamacpp:prompt_tokens_total", "Prompt tokens computed", counts.promptTokens());
    metrics.counter(
        "llamacpp:prompt_tokens_cached_total",
        "Prompt tokens that were known from before",
        counts.reusedTokens());
    metrics.counter(
        "llamacpp:prompt_seconds_total", "Seconds until first tokens", counts.promptSeconds());
    metrics.counter("llamacpp:tokens_predicted_total", "Tokens of answers", counts.tokens());
    metrics.counter(
        "llamacpp:tokens_predicted_seconds_total",
        "Seconds that answers grew from their first tokens on",
        counts.seconds());
    metrics.counter("llamacpp:n_decode_total", "Computations of the model", counts.steps());
    metrics.counter("llamacpp:n_tokens_max", "Tokens of the longest sequence", counts.longest());
    metrics.gauge(
        "llamacpp:n_busy_slots_per_decode",
        "Answers that a computation was for, on average",
        ratio(counts.busy(), counts.steps()));
    metrics.gauge(
        "llamacpp:prompt_tokens_seconds",
        "Prompt tokens per second, on average",
        ratio(counts.promptTokens(), counts.promptSeconds()));
    metrics.gauge(
        "llamacpp:predicted_tokens_seconds",
        "Tokens per second of an answer, on average",
        ratio(counts.tokens(), counts.seconds()));
    metrics.gauge("llamacpp:requests_processing", "Requests being answered", present - deferred);
    metrics.gauge("llamacpp:requests_deferred", "Requests that wait", deferred);
    return metrics.text.toString();
  }

  private static double ratio(double a, double b) {
    return b == 0 ? 0 : a / b;
  }

  private void counter(String name, String help, double value) {
    add(name, "counter", help, value);
  }

  private void gauge(String name, String help, double value) {
    add(name, "gauge", help, value);
  }

  private void add(String name, String kind, String help, double value) {
    String number =
        value == Math.rint(value)
            ? String.valueOf((long) value)
            : String.format(Locale.ROOT, "%.6f", value);
    text.append("# HELP %s %s.\n# TYPE %s %s\n".formatted(name, help, name, kind))
        .append(name + " " + number + "\n");
  }
}
