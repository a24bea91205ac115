package phiquant.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import phiquant.fixtures.Fixtures;

/**
 * LangChain4j's OpenAI client talks to the server. Answers are transformers' where the model has
 * something to say; where its weights are random, what it says keeps to a schema because it must.
 */
class LangChain4jIT {
  private static final JsonObjectSchema CITY =
      JsonObjectSchema.builder()
          .addEnumProperty("city", List.of("Paris", "Zürich"))
          .required("city")
          .additionalProperties(false)
          .build();

  private static OpenAiChatModel model(Served served) {
    return OpenAiChatModel.builder()
        .baseUrl(served.url())
        .apiKey("none")
        .modelName("gpt-5")
        .temperature(0.0)
        .maxRetries(0)
        .build();
  }

  private static OpenAiStreamingChatModel streaming(Served served, double temperature) {
    return OpenAiStreamingChatModel.builder()
        .baseUrl(served.url())
        .apiKey("none")
        .modelName("gpt-5")
        .temperature(temperature)
        .build();
  }

  /** Gathers an answer, and hangs up after some pieces if it is told to. */
  private static final class Pieces implements StreamingChatResponseHandler {
    final List<String> pieces = new ArrayList<>();
    final CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    final CompletableFuture<Void> left = new CompletableFuture<>();
    private final int most;

    Pieces(int most) {
      this.most = most;
    }

    @Override
    public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
      pieces.add(piece.text());
      if (pieces.size() == most) {
        context.streamingHandle().cancel();
        left.complete(null);
      }
    }

    @Override
    public void onCompleteResponse(ChatResponse response) {
      whole.complete(response);
    }

    @Override
    public void onError(Throwable error) {
      whole.completeExceptionally(error);
    }
  }

  @Test
  void itIsAnsweredAtOnceAndPieceByPiece() throws Exception {
    try (Served served = Served.of(Fixtures.smolPhi135m())) {
      ChatResponse answer = model(served).chat(UserMessage.from(Served.QUESTION));
      assertThat(answer.aiMessage().text()).isEqualTo(Served.ANSWER);
      assertThat(answer.finishReason()).isEqualTo(FinishReason.STOP);
      assertThat(answer.tokenUsage().inputTokenCount()).isEqualTo(37);
      assertThat(answer.tokenUsage().outputTokenCount()).isEqualTo(7);

      Pieces pieces = new Pieces(Integer.MAX_VALUE);
      streaming(served, 0).chat(Served.QUESTION, pieces);
      ChatResponse streamed = pieces.whole.get(60, TimeUnit.SECONDS);
      assertThat(streamed.aiMessage().text()).isEqualTo(Served.ANSWER);
      assertThat(pieces.pieces).hasSizeGreaterThan(4);
      assertThat(String.join("", pieces.pieces)).isEqualTo(Served.ANSWER);
      assertThat(streamed.tokenUsage().outputTokenCount()).isEqualTo(7);
    }
  }

  @Test
  void toolsAreCalledAndTheirResultsTaken() throws Exception {
    ToolSpecification weather =
        ToolSpecification.builder()
            .name("get_weather")
            .description("The weather of a city")
            .parameters(CITY)
            .build();
    UserMessage question = UserMessage.from("How is the weather in Paris?");
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      AiMessage called =
          model(served)
              .chat(
                  ChatRequest.builder()
                      .messages(question)
                      .toolSpecifications(weather)
                      .toolChoice(ToolChoice.REQUIRED)
                      .build())
              .aiMessage();
      assertThat(called.toolExecutionRequests()).isNotEmpty();
      for (ToolExecutionRequest request : called.toolExecutionRequests()) {
        assertThat(request.name()).isEqualTo("get_weather");
        isACity(request.arguments());
      }
      List<ToolExecutionResultMessage> results =
          called.toolExecutionRequests().stream()
              .map(request -> ToolExecutionResultMessage.from(request, "sunny"))
              .toList();
      List<dev.langchain4j.data.message.ChatMessage> talk =
          new ArrayList<>(List.of(question, called));
      talk.addAll(results);
      ChatResponse after =
          model(served)
              .chat(
                  ChatRequest.builder()
                      .messages(talk)
                      .toolSpecifications(weather)
                      .toolChoice(ToolChoice.NONE)
                      .maxOutputTokens(4)
                      .build());
      assertThat(after.aiMessage().hasToolExecutionRequests()).isFalse();
      assertThat(after.tokenUsage().outputTokenCount()).isEqualTo(4);
    }
  }

  private static void isACity(String json) throws Exception {
    JsonNode object = new ObjectMapper().readTree(json);
    assertThat(object).hasSize(1);
    assertThat(object.path("city").asText()).isIn("Paris", "Zürich");
  }

  @Test
  void answersKeepToASchema() throws Exception {
    ResponseFormat format =
        ResponseFormat.builder()
            .type(ResponseFormatType.JSON)
            .jsonSchema(JsonSchema.builder().name("place").rootElement(CITY).build())
            .build();
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      ChatRequest request =
          ChatRequest.builder().messages(UserMessage.from("Where?")).responseFormat(format).build();
      isACity(model(served).chat(request).aiMessage().text());
      Pieces pieces = new Pieces(Integer.MAX_VALUE);
      streaming(served, 1).chat(request, pieces);
      isACity(pieces.whole.get(60, TimeUnit.SECONDS).aiMessage().text());
    }
  }

  @Test
  void whoHangsUpFreesTheServer() throws Exception {
    try (Served served = Served.of(Fixtures.tinyPhi4Mini())) {
      Pieces pieces = new Pieces(3);
      streaming(served, 1).chat("Tell me all that you know.", pieces);
      pieces.left.get(60, TimeUnit.SECONDS);
      served.awaitHangUp();
      assertThat(pieces.pieces).hasSize(3);
    }
  }
}
