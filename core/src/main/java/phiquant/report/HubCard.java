package phiquant.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import phiquant.InputFile;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.StoredFormats;
import phiquant.engine.Checkpoints;
import phiquant.engine.Engine;

/**
 * What a hub shows of quantized models: of what they were made and how, their sizes, and what they
 * have lost, if that was measured. Facts come from the artifacts themselves and from what {@code
 * eval --json} wrote; nothing is claimed that is in neither.
 */
public final class HubCard {
  private static final int LARGEST_JSON = 256 << 20;

  private HubCard() {}

  /** A row. */
  private record Made(
      String name, Engine engine, String target, long bytes, double bits, String formats) {}

  /**
   * The card's text.
   *
   * @param name of the model on the hub
   * @param artifacts its files and folders
   * @param base the hub's name of what they were made of, if it is known
   * @param evaluation what {@code eval --json} wrote of them, if it did
   * @throws phiquant.UserError if an artifact is damaged, or the evaluation is none
   */
  public static String of(
      String name, List<Path> artifacts, Optional<String> base, Optional<Path> evaluation) {
    List<Made> made = artifacts.stream().map(HubCard::made).toList();
    JsonNode measured =
        evaluation
            .map(file -> (JsonNode) Json.object(InputFile.bytes(file, LARGEST_JSON), "" + file))
            .orElse(MissingNode.getInstance());
    StringBuilder card = new StringBuilder("---\n");
    base.ifPresent(
        id -> card.append("base_model: ").append(id).append("\nbase_model_relation: quantized\n"));
    card.append("pipeline_tag: text-generation\ntags:\n- phiquant\n");
    made.stream()
        .map(one -> one.engine().text())
        .distinct()
        .forEach(engine -> card.append("- ").append(engine).append('\n'));
    card.append("---\n\n# ").append(name).append("\n\nMade ");
    base.ifPresent(id -> card.append("of [%s](https://huggingface.co/%s) ".formatted(id, id)));
    card.append("with phiquant ").append(Version.NUMBER).append(".\n\n");
    card.append("| artifact | for | target | MB | bits per weight | formats |\n");
    card.append("|---|---|---|---|---|---|\n");
    for (Made one : made) {
      card.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %,d | %.2f | %s |\n",
              one.name(),
              one.engine().runner(),
              one.target(),
              one.bytes() / 1_000_000,
              one.bits(),
              one.formats()));
    }
    measured(measured, made, card);
    return card.toString();
  }

  private static Made made(Path artifact) {
    try (Checkpoint checkpoint = Checkpoints.open(artifact)) {
      StoredFormats stored = StoredFormats.of(checkpoint);
      String shares =
          stored.shares().entrySet().stream()
              .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
              .map(
                  one ->
                      one.getKey()
                          + " "
                          + Math.round(100.0 * one.getValue() / stored.bytes())
                          + " %")
              .collect(Collectors.joining(", "));
      return new Made(
          CheckpointName.of(artifact),
          Engine.of(checkpoint),
          checkpoint.target().map(target -> "`" + target + "`").orElse("–"),
          stored.bytes(),
          stored.bitsPerWeight(),
          shares);
    }
  }

  private static void measured(JsonNode evaluation, List<Made> made, StringBuilder card) {
    Map<String, JsonNode> scores = new TreeMap<>();
    for (JsonNode result : evaluation.path("artifacts")) {
      scores.put(result.path("name").asText(), result.path("scores"));
    }
    scores.keySet().retainAll(made.stream().map(Made::name).toList());
    if (scores.isEmpty()) {
      return;
    }
    card.append(
        "\n## What it cost\n\nAgainst the original, on %d windows of %d tokens of %s (%s activations).\n\n"
            .formatted(
                evaluation.path("windows").asInt(),
                evaluation.path("window").asInt(),
                evaluation.path("text").asText(),
                evaluation.path("activations").asText()));
    card.append(
        "| artifact | mean KL, nats | same first choice | perplexity |\n|---|---|---|---|\n");
    scores.forEach(
        (name, score) ->
            card.append(
                String.format(
                    Locale.ROOT,
                    "| %s | %.4f | %.1f %% | %.3f |\n",
                    name,
                    score.path("meanKl").asDouble(),
                    100 * score.path("sameTop").asDouble(),
                    score.path("perplexity").asDouble())));
    card.append(
        String.format(
            Locale.ROOT,
            "\nThe original's perplexity is %.3f.\n",
            evaluation.path("original").path("scores").path("perplexity").asDouble()));
  }
}
