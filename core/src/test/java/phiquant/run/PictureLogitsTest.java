package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.fixtures.Pictures;
import phiquant.picture.Picture;
import phiquant.picture.Preprocessing;
import phiquant.picture.Tiles;
import phiquant.tokenizer.Tokenizer;

/**
 * A Phi-3.5-vision computes what its makers' code does: the tower's features, the tokens of
 * pictures, and logits on both sides of longrope's original context. The released sizes of the
 * tower, so some seconds for each tile.
 */
class PictureLogitsTest {
  private static final String MODEL = "phi-3.5-vision";

  @Test
  void logitsEqualTheReleasedCodes() {
    check(3, false);
  }

  /** And the tower's features before they become tokens. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  @Tag("slow")
  void theRestToo(int number) {
    check(number, true);
  }

  private static void check(int number, boolean features) {
    JsonNode golden = Golden.json("logits-tiny-" + MODEL).path("cases").path(number);
    try (LanguageModel model =
            LanguageModel.open(Checkpoints.open(Fixtures.tiny(MODEL)), RunOptions.exact());
        Tokenizer tokenizer = Tokenizer.of(model.checkpoint())) {
      Preprocessing as = Preprocessing.of(model.checkpoint());
      int crops = golden.path("num_crops").asInt();
      PicturePrompts prompts =
          new PicturePrompts(tokenizer::encodeWhole, as.withCrops(crops), 1 << 16);
      int[] ids = prompts.tokens(text(golden), pictures(golden));
      assertIds(golden, ids);
      TreeMap<Integer, Tiles> asked = new TreeMap<>(prompts.of(ids));
      model.look(asked, prompts.begun(ids));
      int image = 0;
      for (Map.Entry<Integer, Tiles> picture : asked.entrySet()) {
        JsonNode right = golden.path("images").path(image++);
        assertTokens(right, picture.getKey(), picture.getValue(), model);
        if (features) {
          assertFeatures(right.path("features"), picture.getValue(), model.sight());
        }
      }
      assertLogits(golden, model.logits(ids, model.cache(ids.length)));
    }
  }

  private static String text(JsonNode golden) {
    int count = golden.path("images").size();
    StringBuilder text = new StringBuilder("<|user|>\n");
    for (int i = 1; i <= count; i++) {
      text.append("<|image_").append(i).append("|>\n");
    }
    String what = count == 1 ? "this image" : "these images";
    return text + "Describe " + what + ".<|end|>\n<|assistant|>\n";
  }

  private static List<Picture> pictures(JsonNode golden) {
    List<Picture> pictures = new ArrayList<>();
    for (JsonNode image : golden.path("images")) {
      JsonNode size = image.path("picture");
      pictures.add(Pictures.ramps(size.path(0).asInt(), size.path(1).asInt()));
    }
    return pictures;
  }

  private static void assertIds(JsonNode golden, int[] ids) {
    int at = 0;
    int before = 0;
    for (JsonNode part : golden.path("input_ids")) {
      if (part.isArray()) {
        for (JsonNode id : part) {
          assertThat(ids[at++]).isEqualTo(id.asInt());
        }
      } else {
        for (int i = 0; i < part.path("tokens").asInt(); i++) {
          assertThat(ids[at++]).isLessThan(before);
        }
        before = ids[at - 1];
      }
    }
    assertThat(ids).hasSize(at);
  }

  /** Within 1e-4 of what they spread over; the numbers have five decimals. */
  private static void assertFeatures(JsonNode golden, Tiles tiles, Sight sight) {
    assertSamples(golden.path("whole_sample"), sight.features(tiles.all().get(0)), 43);
    assertSamples(golden.path("first_crop_sample"), sight.features(tiles.all().get(1)), 43);
  }

  private static void assertTokens(JsonNode golden, int first, Tiles tiles, LanguageModel model) {
    IntFunction<float[]> rows = place -> model.row(PictureRows.token(first + place));
    JsonNode embeddings = golden.path("embeddings");
    double spread = embeddings.path("std").asDouble();
    assertSamples(embeddings.path("first_token"), rows.apply(0), spread);
    int columns = tiles.grid().columns();
    assertSamples(embeddings.path("first_row_end"), rows.apply(12 * columns), spread);
    int separator = 12 * tiles.grid().rows() * (12 * columns + 1);
    assertSamples(embeddings.path("separator"), rows.apply(separator), spread);
    assertSamples(embeddings.path("last_row_end"), rows.apply(tiles.grid().tokens() - 1), spread);
  }

  private static void assertSamples(JsonNode samples, float[] values, double spread) {
    for (JsonNode sample : samples) {
      assertThat((double) values[sample.path(0).asInt()])
          .isCloseTo(sample.path(1).asDouble(), within(1e-4 * spread));
    }
  }

  private static void assertLogits(JsonNode golden, float[] logits) {
    assertThat(golden.path("last_sample")).isNotEmpty();
    for (JsonNode sample : golden.path("last_sample")) {
      assertThat((double) logits[sample.path(0).asInt()])
          .isCloseTo(sample.path(1).asDouble(), within(1e-3));
    }
    for (JsonNode best : golden.path("last_top5")) {
      assertThat((double) logits[best.path(0).asInt()])
          .isCloseTo(best.path(1).asDouble(), within(1e-3));
    }
  }

  @Test
  void everyPieceOfTextIsTokenizedAsByItsMakers() {
    try (var checkpoint = Checkpoints.open(Fixtures.tiny(MODEL));
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      JsonNode cases = Golden.json("tokenizer-cases-" + MODEL).path("cases");
      assertThat(cases).hasSizeGreaterThan(20);
      for (JsonNode each : cases) {
        List<Integer> ids = new ArrayList<>();
        each.path("ids").forEach(id -> ids.add(id.asInt()));
        assertThat(tokenizer.encodeWhole(each.path("text").asText()))
            .as(each.path("text").asText())
            .containsExactly(ids.stream().mapToInt(Integer::intValue).toArray());
      }
    }
  }

  @Test
  void tagsAndPicturesMustFit() {
    Picture dot = Pictures.ramps(2, 1);
    PicturePrompts prompts =
        new PicturePrompts(
            text -> text.chars().toArray(), new Preprocessing(4, Tiles.Scale.CLIP), 1000);
    assertThat(prompts.tokens("a<|image_1|>b", List.of(dot))).hasSize(1 + 457 + 1);
    refused(prompts, "a", List.of(dot), "tags for 0 pictures, and there are 1");
    refused(prompts, "<|image_1|>", List.of(), "tags for 1 pictures, and there are 0");
    refused(prompts, "<|image_2|>", List.of(dot), "must run from <|image_1|> to <|image_1|>");
    refused(prompts, "<|image_1|><|image_1|>", List.of(dot, dot), "twice");
    List<Picture> three = List.of(dot, dot, dot);
    refused(prompts, "<|image_1|><|image_2|><|image_3|>", three, "no room in a context of 1000");
    // Equal pictures have equal tokens, so that what is known of one need not be computed again.
    int[] twice = prompts.tokens("<|image_1|><|image_2|>", List.of(dot, Pictures.ramps(2, 1)));
    assertThat(twice[0]).isEqualTo(twice[457]).isNegative();
    int[] other = prompts.tokens("<|image_1|>", List.of(Pictures.ramps(1, 1)));
    assertThat(twice).doesNotContain(other);
  }

  private static void refused(
      PicturePrompts prompts, String text, List<Picture> pictures, String reason) {
    assertThatThrownBy(() -> prompts.tokens(text, pictures))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(reason);
  }

  @Test
  void aModelOfTextIsShownNothing() {
    try (Session session =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi35Mini()),
            RunOptions.defaults(),
            OptionalInt.empty())) {
      assertThatThrownBy(() -> session.prompt("a", List.of(Pictures.ramps(1, 1))))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is a model of text: it cannot be shown a picture");
    }
  }
}
