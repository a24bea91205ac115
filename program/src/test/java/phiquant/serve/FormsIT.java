package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.io.IOException;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * OpenAI's own client asks for tools, schemas, chances and several answers. The model has
 * Phi-4-mini's tokens and template and random weights: what it says obeys only because it must.
 */
class FormsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static JsonNode seen;

  @BeforeAll
  static void ask() throws IOException {
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.tinyPhi4Mini()),
                RunOptions.exact(),
                OptionalInt.of(1024));
        Server server =
            Server.start(
                session,
                new Server.Settings("tiny", "127.0.0.1", 0, 4, 1 << 20, Sampling.GREEDY))) {
      seen =
          JSON.readTree(
              Engines.run(
                  Engines.python("openai"),
                  "engines/openai_driver.py",
                  "forms",
                  "http://127.0.0.1:" + server.address().getPort(),
                  "tiny"));
    }
  }

  private static JsonSchema validator(JsonNode schema) {
    return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema);
  }

  private static void isACall(JsonNode call) throws IOException {
    assertThat(call.path("id").asText()).matches("call_[0-9a-f]{24}");
    assertThat(call.path("type").asText()).isEqualTo("function");
    JsonNode arguments = JSON.readTree(call.path("arguments").asText());
    if (call.path("name").asText().equals("clock")) {
      assertThat(arguments).isEqualTo(JSON.createObjectNode());
    } else {
      assertThat(call.path("name").asText()).isEqualTo("get_weather");
      assertThat(arguments.path("city").asText()).isIn("Paris", "Zürich");
      assertThat(arguments.path("days").asInt()).isBetween(1, 7);
      assertThat(arguments).hasSize(2);
    }
  }

  @Test
  void requiredToolsAreCalledAsTheirSchemasSay() throws IOException {
    JsonNode called = seen.path("called");
    assertThat(called.path("finish").asText()).isEqualTo("tool_calls");
    assertThat(called.path("content").isNull()).isTrue();
    assertThat(called.path("calls")).hasSize(1);
    isACall(called.path("calls").get(0));
    Set<String> different = new HashSet<>();
    for (JsonNode calls : seen.path("named")) {
      assertThat(calls).isNotEmpty();
      for (JsonNode call : calls) {
        assertThat(call.path("name").asText()).isEqualTo("get_weather");
        isACall(call);
        different.add(call.path("arguments").asText());
      }
    }
    assertThat(different).as("the model has a choice").hasSizeGreaterThan(1);
    for (JsonNode call : seen.path("loose")) {
      assertThat(call.path("name").asText()).isEqualTo("f");
    }
  }

  @Test
  void callsComeInPieces() throws IOException {
    JsonNode streamed = seen.path("streamed");
    assertThat(streamed.path("finish").asText()).isEqualTo("tool_calls");
    assertThat(streamed.path("pieces").asInt()).isGreaterThan(1);
    JsonNode call = streamed.path("calls").get(0);
    isACall(call);
    JsonNode whole = seen.path("called").path("calls").get(0);
    assertThat(call.path("name")).isEqualTo(whole.path("name"));
    assertThat(call.path("arguments")).as("with the same seed").isEqualTo(whole.path("arguments"));
  }

  @Test
  void whatAToolGaveIsTaken() {
    assertThat(seen.path("after_tool").get(0).isNull()).isTrue();
    assertThat(seen.path("after_tool").get(1).asInt()).isGreaterThan(60);
    assertThat(seen.path("without_content").asInt())
        .isEqualTo(seen.path("after_tool").get(1).asInt());
  }

  @Test
  void jsonObeysItsSchema() throws IOException {
    JsonSchema person = validator(seen.path("person"));
    Set<String> different = new HashSet<>();
    for (JsonNode text : seen.path("schema")) {
      different.add(text.asText());
      assertThat(person.validate(JSON.readTree(text.asText()))).as(text.asText()).isEmpty();
    }
    assertThat(different).hasSizeGreaterThan(1);
    assertThat(person.validate(JSON.readTree(seen.path("schema_stream").asText()))).isEmpty();
    String object = seen.path("object").get(0).asText();
    assertThat(object).startsWith("{");
    if (seen.path("object").get(1).asText().equals("stop")) {
      assertThat(JSON.readTree(object).isObject()).isTrue();
    }
  }

  /** A logarithm of a probability, of the token that greedy choice takes the largest. */
  @Test
  void chancesOfTokensAreTold() {
    JsonNode chances = seen.path("chances");
    assertThat(chances).hasSize(5);
    StringBuilder text = new StringBuilder();
    for (JsonNode token : chances) {
      JsonNode top = token.path("top_logprobs");
      assertThat(top).hasSize(3);
      assertThat(top.get(0).path("token")).isEqualTo(token.path("token"));
      assertThat(top.get(0).path("logprob")).isEqualTo(token.path("logprob"));
      double sum = 0;
      double before = 0;
      for (JsonNode other : top) {
        assertThat(other.path("logprob").asDouble()).isLessThanOrEqualTo(before);
        before = other.path("logprob").asDouble();
        sum += Math.exp(before);
      }
      assertThat(sum).isBetween(0.0, 1.0);
      text.append(token.path("token").asText());
    }
    assertThat(text.toString()).isEqualTo(seen.path("chances_text").asText());
    assertThat(seen.path("chances_stream")).isEqualTo(chances);
    JsonNode old = seen.path("old_chances");
    assertThat(old.get(1).path("tokens")).hasSize(3);
    assertThat(old.get(1).path("top_logprobs").get(0)).hasSize(2);
    assertThat(old.get(1).path("text_offset").get(1).asInt())
        .isEqualTo(old.get(1).path("tokens").get(0).asText().length());
  }

  @Test
  void severalAnswersAreToldApart() {
    Set<String> different = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      JsonNode choice = seen.path("several").get(i);
      assertThat(choice.get(0).asInt()).isEqualTo(i);
      different.add(choice.get(1).asText());
      assertThat(seen.path("several_stream").get(i).asText()).isEqualTo(choice.get(1).asText());
    }
    assertThat(different).hasSize(3);
    assertThat(seen.path("several_usage").asInt()).isBetween(3, 18);
  }

  @Test
  void whatCannotBeKeptIsRefusedByName() {
    JsonNode errors = seen.path("errors");
    refused(errors, "strict", "uniqueItems");
    refused(errors, "schema", "uniqueItems");
    refused(errors, "choice", "tool_choice");
    refused(errors, "other", "tool_choice");
    refused(errors, "twice", "clock");
    refused(errors, "top", "top_logprobs");
  }

  private static void refused(JsonNode errors, String name, String says) {
    assertThat(errors.path(name).path("status").asInt()).as(name).isEqualTo(400);
    assertThat(errors.path(name).path("message").asText()).as(name).contains(says);
  }
}
