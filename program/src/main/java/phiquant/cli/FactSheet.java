package phiquant.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;

/** The facts of {@code inspect} for people. */
final class FactSheet {
  private static final int BAR = 40;

  private FactSheet() {}

  static String of(JsonNode facts, boolean tensors) {
    StringBuilder sheet = new StringBuilder();
    line(sheet, "architecture", facts.path("architecture").asText());
    if (facts.path("supported").asBoolean()) {
      line(
          sheet,
          "parameters",
          String.format(Locale.ROOT, "%,d", facts.path("parameters").asLong()));
      line(
          sheet,
          "layers",
          facts.path("layers").asInt()
              + " × hidden "
              + facts.path("hidden").asInt()
              + ", feed-forward "
              + facts.path("feed_forward").asInt());
      if (facts.has("vision_parameters")) {
        line(
            sheet,
            "vision",
            String.format(
                Locale.ROOT,
                "%,d parameters more, that see pictures",
                facts.path("vision_parameters").asLong()));
      }
      if (facts.has("experts")) {
        line(
            sheet,
            "experts",
            facts.path("experts").asInt()
                + " in a layer, of which a token takes "
                + facts.path("experts_used").asInt());
      }
      line(
          sheet,
          "attention",
          facts.path("heads").asInt()
              + " heads, "
              + facts.path("kv_heads").asInt()
              + " key-value heads of "
              + facts.path("head_size").asInt()
              + ", "
              + facts.path("rotary_size").asInt()
              + " rotated");
      line(sheet, "context", context(facts));
      line(
          sheet,
          "vocabulary",
          facts.path("vocabulary").asInt()
              + (facts.path("tied_head").asBoolean() ? ", head tied to it" : ", own head"));
    } else {
      line(sheet, "not supported", facts.path("reason").asText());
    }
    if (facts.has("tokenizer")) {
      JsonNode tokenizer = facts.path("tokenizer");
      line(
          sheet,
          "tokenizer",
          tokenizer.has("fault")
              ? tokenizer.path("fault").asText()
              : tokenizer.path("type").asText()
                  + ", "
                  + tokenizer.path("tokens").asInt()
                  + " tokens, "
                  + tokenizer.path("merges").asInt()
                  + " merges, "
                  + tokenizer.path("added").asInt()
                  + " added");
    }
    line(
        sheet,
        "chat template",
        facts.has("chat_template")
            ? facts.path("chat_template").asText().length() + " characters"
            : "none");
    line(
        sheet,
        "weights",
        facts.path("tensors").size()
            + " tensors, "
            + Summary.size(facts.path("bytes").asLong())
            + String.format(
                Locale.ROOT, ", %.2f bits per weight", facts.path("bits_per_weight").asDouble()));
    shares(sheet, facts);
    if (facts.has("operators")) {
      line(sheet, "operators", operators(facts.path("operators")));
    }
    if (tensors) {
      facts
          .path("tensors")
          .properties()
          .forEach(
              entry ->
                  sheet
                      .append("  ")
                      .append(Errors.oneLine(entry.getKey()))
                      .append("  ")
                      .append(Errors.oneLine(entry.getValue().asText()))
                      .append('\n'));
    }
    return sheet.toString();
  }

  /** The most frequent operators; Const does not count. */
  private static String operators(JsonNode counts) {
    return counts.properties().stream()
        .filter(entry -> !entry.getKey().equals("Const"))
        .sorted(Comparator.comparingInt(entry -> -entry.getValue().asInt()))
        .map(entry -> entry.getValue().asInt() + " " + entry.getKey())
        .limit(8)
        .collect(Collectors.joining(", "));
  }

  private static String context(JsonNode facts) {
    String context = facts.path("context").asInt() + " tokens";
    if (facts.path("longrope").asBoolean()) {
      context += ", longrope from " + facts.path("original_context").asInt();
    }
    if (facts.has("sliding_window")) {
      context += ", sliding window " + facts.path("sliding_window").asInt();
    }
    return context;
  }

  /** Each format's share of the bytes as a bar. */
  private static void shares(StringBuilder sheet, JsonNode facts) {
    double all = Math.max(1, facts.path("bytes").asLong());
    facts
        .path("formats")
        .properties()
        .forEach(
            entry -> {
              double share = entry.getValue().asLong() / all;
              int filled = (int) Math.round(BAR * share);
              sheet.append(
                  String.format(
                      Locale.ROOT,
                      "  %-14s %s%s %5.1f %%%n",
                      entry.getKey(),
                      "█".repeat(filled),
                      "·".repeat(BAR - filled),
                      100 * share));
            });
  }

  private static void line(StringBuilder sheet, String what, String fact) {
    sheet.append(String.format("%-14s %s%n", what, Errors.oneLine(fact)));
  }
}
