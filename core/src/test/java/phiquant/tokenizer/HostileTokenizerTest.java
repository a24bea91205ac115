package phiquant.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/** What goes to the native library has been checked: one step beyond each bound is refused. */
class HostileTokenizerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String SMALL =
      """
      {"added_tokens": [{"id": 2, "content": "<s>", "special": true}],
       "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
       "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
      """;

  @ParameterizedTest
  @ValueSource(strings = {"phi-3.5-mini", "phi-4", "phi-4-mini"})
  void releasedTokenizersPass(String kind) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
      assertThatCode(() -> Tokenizer.check(checkpoint)).doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/model | {'type': 'WordLevel', 'vocab': {'a': 0}} | a model of the kind WordLevel",
        "/model | {'vocab': {'a': 0, 'b': 0}} | gives the id 0 to 'a' and to 'b'",
        "/model | {'vocab': {'a': 3}} | the id 3, but the model has 3 tokens",
        "/model | {'vocab': {'a': -1}} | the id -1",
        "/model | {'vocab': {'a': 1.5}} | no whole number",
        "/model | {'vocab': {'a': 0}, 'unk_token': 'u'} | has no token 'u', its unk_token",
        "/model | {'vocab': {'a': 0}, 'dropout': 0.1} | a dropout",
        "/model | {'vocab': {'a': 0}, 'continuing_subword_prefix': '#'} | a continuing_subword",
        "/added_tokens | [{'content': 'x'}] | an added token without id",
        "/added_tokens | [{'id': 2, 'content': ''}] | an added token without id or content",
        "/added_tokens | [{'id': 3, 'content': 'x'}] | the id 3, but the model has 3 tokens",
        "/added_tokens | [{'id': 1, 'content': 'x'}] | gives the id 1 to 'b' and to 'x'",
        "/added_tokens | [{'id': 1, 'content': 'a'}] | gives the",
        "/normalizer | {'type': 'Precompiled', 'precompiled_charsmap': ''} | a normalizer of the kind",
        "/normalizer | {'type': 'Replace', 'pattern': {'String': ''}, 'content': 'x'} | a pattern",
        "/normalizer | {'type': 'Replace', 'pattern': {'String': 'a'}, 'content': '123456789'} | a repl",
        "/normalizer | {'type': 'Prepend', 'prepend': '123456789'} | a prefix",
        "/pre_tokenizer | {'type': 'Split', 'pattern': {'Regex': 'a'}, 'behavior': 'Removed'} | a pattern",
        "/pre_tokenizer | {'type': 'Split', 'pattern': {'String': 'a'}, 'behavior': 'No'} | a behavior",
        "/pre_tokenizer | {'type': 'Metaspace', 'replacement': '__'} | a replacement",
        "/pre_tokenizer | {'type': 'Fortune'} | a pre_tokenizer of the kind 'Fortune'",
        "/decoder | {'type': 'Strip', 'content': ' ', 'start': 65, 'stop': 0} | a start",
        "/decoder | {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 1} | strips at the end",
        "/decoder | {'type': 'WordPiece', 'prefix': '#'} | a decoder of the kind 'WordPiece'",
        "/post_processor | {'type': 'TemplateProcessing', 'special_tokens': {'s': {'ids': [3]}}} | a token",
        "/post_processor | {'type': 'BertProcessing'} | a post_processor of the kind",
        "/truncation | {'max_length': 2, 'stride': 2} | a truncation",
      })
  void oneStepBeyondABoundIsRefusedByName(String place, String value, String why) throws Exception {
    ObjectNode json = (ObjectNode) JSON.readTree(SMALL);
    json.set(place.substring(1), JSON.readTree(value.replace('\'', '"')));
    assertThatThrownBy(() -> TokenizerJson.of(JSON.writeValueAsBytes(json), 3, "tokenizer.json"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("tokenizer.json")
        .hasMessageContaining(why);
  }

  @Test
  void theBaseOfTheseCasesPasses() {
    byte[] bytes = SMALL.getBytes(StandardCharsets.UTF_8);
    assertThat(TokenizerJson.of(bytes, 3, "tokenizer.json").rest().has("model")).isTrue();
  }

  @Test
  void stepsWithinStepsEndAtTheirBound() {
    String inner = "{\"type\": \"NFC\"}";
    for (int i = 0; i < 3; i++) {
      inner = "{\"type\": \"Sequence\", \"normalizers\": [" + inner + "]}";
    }
    byte[] deep = SMALL.replace("\"normalizer\": null", "\"normalizer\": " + inner).getBytes();
    assertThatThrownBy(() -> TokenizerJson.of(deep, 3, "tokenizer.json"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("too many normalizers");
    byte[] cut = SMALL.substring(0, SMALL.length() / 2).getBytes();
    assertThatThrownBy(() -> TokenizerJson.of(cut, 3, "tokenizer.json"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not valid JSON");
  }

  /** The library bears both: a million spaces in a row, and a text of a million letters. */
  @Test
  void textsBeyondTheirBoundAreRefusedAndThoseWithinAreNot() {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4());
        Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      assertThat(tokenizer.encode(" ".repeat(Tokenizer.MAX_SPACE))).isNotEmpty();
      assertThatThrownBy(() -> tokenizer.encode(" ".repeat(Tokenizer.MAX_SPACE + 1)))
          .isInstanceOf(UserError.class);
      assertThatThrownBy(() -> tokenizer.encode("a".repeat(Tokenizer.MAX_TEXT + 1)))
          .isInstanceOf(UserError.class);
    }
  }
}
