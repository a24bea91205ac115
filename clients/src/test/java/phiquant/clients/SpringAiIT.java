package phiquant.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.ToolResponseMessage;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.tool.ToolCallback;
import org.springframework.ai.tool.function.FunctionToolCallback;
import phiquant.fixtures.Fixtures;

/** Spring AI's client, which is OpenAI's own for Java underneath, talks to the server. */
class SpringAiIT {
  private static final String SCHEMA =
      """
      {"type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Zürich"]}},
       "required": ["city"], "additionalProperties": false}
      """;

  private static OpenAiChatOptions.Builder options(Served served) {
    OpenAiChatOptions.Builder options = OpenAiChatOptions.builder();
    options.baseUrl(served.url());
    options.apiKey("none");
    options.model("gpt-5");
    options.temperature(0.0);
    options.maxRetries(0);
    return options;
  }

  private static OpenAiChatModel model(Served served) {
    return OpenAiChatModel.builder().options(options(served).build()).build();
  }

  private static String text(ChatResponse response) {
    String text = response.getResult() == null ? null : response.getResult().getOutput().getText();
    return text == null ? "" : text;
  }

  private static void isACity(String json) throws Exception {
    JsonNode object = new ObjectMapper().readTree(json);
    assertThat(object).hasSize(1);
    assertThat(object.path("city").asText()).isIn("Paris", "Zürich");
  }

  @Test
  void itIsAnsweredAtOnceAndPieceByPiece() {
    try (Served served = Served.of(Fixtures.smolPhi135m())) {
      ChatResponse answer = model(served).call(new Prompt(Served.QUESTION));
      assertThat(text(answer)).isEqualTo(Served.ANSWER);
      assertThat(answer.getMetadata().getUsage().getPromptTokens()).isEqualTo(37);
      assertThat(answer.getMetadata().getUsage().getCompletionTokens()).isEqualTo(7);
      assertThat(answer.getResult().getMetadata().getFinishReason()).isEqualToIgnoringCase("stop");

      List<String> pieces =
          model(served).stream(new Prompt(Served.QUESTION))
              .map(SpringAiIT::text)
              .filter(piece -> !piece.isEmpty())
              .collectList()
              .block(Duration.ofMinutes(1));
      assertThat(pieces).hasSizeGreaterThan(4);
      assertThat(String.join("", pieces)).isEqualTo(Served.ANSWER);
    }
  }

  @Test
  void toolsAreCalledAndTheirResultsTaken() throws Exception {
    ToolCallback weather =
        FunctionToolCallback.builder("get_weather", (String asked) -> "sunny")
            .description("The weather of a city")
            .inputType(String.class)
            .inputSchema(SCHEMA)
            .build();
    UserMessage question = new UserMessage("How is the weather in Paris?");
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      OpenAiChatOptions.Builder must = options(served);
      must.toolCallbacks(List.of(weather));
      must.toolChoice("required");
      AssistantMessage called =
          model(served).call(new Prompt(List.of(question), must.build())).getResult().getOutput();
      assertThat(called.getToolCalls()).isNotEmpty();
      for (AssistantMessage.ToolCall call : called.getToolCalls()) {
        assertThat(call.name()).isEqualTo("get_weather");
        isACity(call.arguments());
      }
      List<ToolResponseMessage.ToolResponse> results =
          called.getToolCalls().stream()
              .map(call -> new ToolResponseMessage.ToolResponse(call.id(), call.name(), "sunny"))
              .toList();
      OpenAiChatOptions.Builder may = options(served);
      may.toolCallbacks(List.of(weather));
      may.toolChoice("none");
      may.maxTokens(4);
      ChatResponse after =
          model(served)
              .call(
                  new Prompt(
                      List.of(
                          question,
                          called,
                          ToolResponseMessage.builder().responses(results).build()),
                      may.build()));
      assertThat(after.getResult().getOutput().getToolCalls()).isEmpty();
      assertThat(after.getMetadata().getUsage().getCompletionTokens()).isEqualTo(4);
    }
  }

  @Test
  void answersKeepToASchema() throws Exception {
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      OpenAiChatOptions.Builder options = options(served);
      options.outputSchema(SCHEMA);
      isACity(text(model(served).call(new Prompt("Where?", options.build()))));
    }
  }

  @Test
  void whoHangsUpFreesTheServer() throws Exception {
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      List<String> pieces =
          model(served).stream(new Prompt("Tell me all that you know."))
              .map(SpringAiIT::text)
              .filter(piece -> !piece.isEmpty())
              .take(3)
              .collectList()
              .block(Duration.ofMinutes(1));
      assertThat(pieces).hasSize(3);
      served.awaitHangUp();
    }
  }
}
