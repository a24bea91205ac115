package phiquant.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.TokenStream;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;

/**
 * LangChain4j itself drives the model. What it has to answer is what transformers gave for this
 * checkpoint: "The capital of France is Paris."
 */
class PhiquantChatModelIT {
  private static final String QUESTION = "What is the capital of France?";
  private static final String ANSWER = "The capital of France is Paris.";

  private static PhiquantChatModel model;

  interface Assistant {
    String chat(String text);
  }

  interface Narrator {
    TokenStream chat(String text);
  }

  @BeforeAll
  static void open() {
    // The first token is nearly a tie: what it is must not depend on how a processor rounds.
    model = PhiquantChatModel.open(Fixtures.smolPhi135m(), RunOptions.exact(), OptionalInt.empty());
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void aServiceRemembersWhatWasSaid() {
    Assistant assistant =
        AiServices.builder(Assistant.class)
            .chatModel(model)
            .chatMemory(MessageWindowChatMemory.withMaxMessages(10))
            .build();
    assertThat(assistant.chat(QUESTION)).isEqualTo(ANSWER);
    assertThat(assistant.chat("Repeat the name of that city.")).contains("Paris");
  }

  @Test
  void piecesOfAStreamAreTheAnswer() throws Exception {
    StringBuilder pieces = new StringBuilder();
    CompletableFuture<String> whole = new CompletableFuture<>();
    AiServices.create(Narrator.class, (StreamingChatModel) model)
        .chat(QUESTION)
        .onPartialResponse(pieces::append)
        .onCompleteResponse(response -> whole.complete(response.aiMessage().text()))
        .onError(whole::completeExceptionally)
        .start();
    assertThat(whole.get(60, TimeUnit.SECONDS)).isEqualTo(ANSWER);
    assertThat(pieces).hasToString(ANSWER);
  }

  @Test
  void limitsAndStopsAreObeyed() {
    ChatRequest.Builder asked = ChatRequest.builder().messages(UserMessage.from(QUESTION));
    var cut = model.chat(asked.maxOutputTokens(3).build());
    assertThat(ANSWER).startsWith(cut.aiMessage().text());
    assertThat(cut.finishReason()).isEqualTo(FinishReason.LENGTH);
    assertThat(cut.tokenUsage().outputTokenCount()).isEqualTo(3);
    var stopped = model.chat(asked.maxOutputTokens(20).stopSequences(List.of("France")).build());
    assertThat(stopped.aiMessage().text()).isEqualTo("The capital of ");
    assertThat(stopped.finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void whatItCannotDoIsRefused() {
    ChatRequest tools =
        ChatRequest.builder()
            .messages(List.of(UserMessage.from(QUESTION)))
            .toolSpecifications(ToolSpecification.builder().name("look").build())
            .build();
    assertThatThrownBy(() -> model.chat(tools)).isInstanceOf(UnsupportedFeatureException.class);
  }
}
