package phiquant.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import phiquant.engine.Checkpoints;
import phiquant.run.Generation;
import phiquant.run.Reply;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;

/**
 * A checkpoint or artifact that answers LangChain4j's requests in this process, at once or piece by
 * piece. Requests wait for one another, and an answer is streamed on the caller's own thread. A
 * request's settings take the place of those that the model's makers recommend. Texts only: tools,
 * pictures and JSON are refused.
 */
public final class PhiquantChatModel implements ChatModel, StreamingChatModel, AutoCloseable {
  private final Session session;

  private PhiquantChatModel(Session session) {
    this.session = session;
  }

  /**
   * Opens an artifact or checkpoint.
   *
   * @throws phiquant.UserError if it is none, cannot be run, or has no chat template
   */
  public static PhiquantChatModel open(Path artifact) {
    return open(artifact, RunOptions.defaults(), OptionalInt.empty());
  }

  /**
   * Opens an artifact or checkpoint.
   *
   * @param context tokens that prompt and answer may have together
   * @throws phiquant.UserError if it is none, cannot be run, or has no chat template
   */
  public static PhiquantChatModel open(Path artifact, RunOptions options, OptionalInt context) {
    Session session = Session.open(Checkpoints.open(artifact), options, context);
    try {
      session.requireTemplate();
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
    return new PhiquantChatModel(session);
  }

  @Override
  public ChatResponse doChat(ChatRequest request) {
    return answer(request, piece -> {});
  }

  @Override
  public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
    ChatResponse response;
    try {
      response = answer(request, handler::onPartialResponse);
    } catch (RuntimeException e) {
      handler.onError(e);
      return;
    }
    handler.onCompleteResponse(response);
  }

  private synchronized ChatResponse answer(ChatRequest request, Consumer<String> listener) {
    refuseWhatIsNoText(request);
    int[] prompt =
        session.prompt(request.messages().stream().map(PhiquantChatModel::turn).toList());
    Reply reply =
        session.generate(
            prompt,
            asked(request),
            piece -> {
              if (!piece.isEmpty()) {
                listener.accept(piece);
              }
              return true;
            });
    return ChatResponse.builder()
        .aiMessage(AiMessage.from(reply.text()))
        .modelName(session.checkpoint().path().getFileName().toString())
        .tokenUsage(new TokenUsage(reply.promptTokens(), reply.tokens().size()))
        .finishReason(
            reply.finish() == Reply.Finish.LENGTH ? FinishReason.LENGTH : FinishReason.STOP)
        .build();
  }

  private static void refuseWhatIsNoText(ChatRequest request) {
    if (!request.toolSpecifications().isEmpty()) {
      throw new UnsupportedFeatureException("phiquant calls no tools in process; serve does.");
    }
    if (request.responseFormat() != null
        && request.responseFormat().type() == ResponseFormatType.JSON) {
      throw new UnsupportedFeatureException("phiquant promises no JSON in process; serve does.");
    }
    if (request.frequencyPenalty() != null || request.presencePenalty() != null) {
      throw new UnsupportedFeatureException("phiquant has no frequency or presence penalty.");
    }
  }

  private static Message turn(ChatMessage message) {
    return switch (message) {
      case SystemMessage system -> Message.system(system.text());
      case AiMessage ai -> Message.assistant(ai.text());
      case UserMessage user -> {
        if (!user.hasSingleText()) {
          throw new UnsupportedFeatureException("phiquant reads one text in a turn.");
        }
        yield Message.user(user.singleText());
      }
      default ->
          throw new UnsupportedFeatureException(
              "phiquant has no turn of the kind " + message.type() + ".");
    };
  }

  private Generation asked(ChatRequest request) {
    Sampling own = session.recommended();
    Sampling sampling =
        new Sampling(
            Optional.ofNullable(request.temperature()).orElse(own.temperature()),
            Optional.ofNullable(request.topK()).orElse(own.topK()),
            Optional.ofNullable(request.topP()).orElse(own.topP()),
            own.minP(),
            own.repeatPenalty(),
            own.seed());
    return new Generation(
        Optional.ofNullable(request.maxOutputTokens()).orElse(session.context()),
        sampling,
        request.stopSequences());
  }

  @Override
  public ChatRequestParameters defaultRequestParameters() {
    return ChatRequestParameters.builder().build();
  }

  @Override
  public List<ChatModelListener> listeners() {
    return List.of();
  }

  @Override
  public ModelProvider provider() {
    return ModelProvider.OTHER;
  }

  @Override
  public Set<Capability> supportedCapabilities() {
    return Set.of();
  }

  @Override
  public void close() {
    session.close();
  }
}
