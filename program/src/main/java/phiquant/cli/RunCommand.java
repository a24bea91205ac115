package phiquant.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import phiquant.UserError;
import phiquant.picture.Picture;
import phiquant.picture.PictureFile;
import phiquant.run.Generation;
import phiquant.run.Reply;
import phiquant.run.Session;
import phiquant.tokenizer.Message;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets any artifact answer one prompt, in Java, as it lies on the disk. */
@Command(
    name = "run",
    description = "Let a checkpoint or artifact answer a prompt; no engine needs to be installed.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant run out/Phi-4-mini-instruct-Q4_K_M.gguf -p \"Why is the sky blue?\"",
      "  phiquant run out/Phi-4-mini-instruct-mlx-4bit --raw -p \"1, 2, 3,\" -n 16",
      "  phiquant run Phi-3.5-vision-instruct --image photo.jpg -p \"What is this?\"",
      "  cat letter.txt | phiquant run Phi-4-mini-instruct --system \"Summarize in one line.\""
    })
final class RunCommand implements Callable<Integer> {
  @Parameters(paramLabel = "ARTIFACT", description = "A GGUF file, or an artifact's folder.")
  private Path artifact;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      description = "Default: what comes on standard input.")
  private String prompt;

  @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before.")
  private String system;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description =
          "A picture that is asked about, in PNG, JPEG, GIF or BMP; repeatable. Stands before the"
              + " prompt, or where the prompt has <|image_1|> and so on.")
  private List<Path> images = List.of();

  @Option(
      names = "--crops",
      paramLabel = "N",
      description = "Cut each picture into at most N crops. Default: as the model says.")
  private Integer crops;

  @Option(names = "--raw", description = "Continue the text as it is, without chat template.")
  private boolean raw;

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "At most so many tokens. Default: as many as the context holds.")
  private int tokens = Integer.MAX_VALUE;

  @Option(names = "--stop", paramLabel = "TEXT", description = "Ends the answer; repeatable.")
  private List<String> stops = List.of();

  @Mixin private EngineOptions engine;
  @Mixin private SamplingOptions sampling;

  @Override
  public Integer call() throws IOException {
    if (tokens < 1) {
      throw UserError.usage("-n is " + tokens + "; it must be 1 or more.");
    }
    if (raw && system != null) {
      throw UserError.usage("--raw takes no --system: there is no template to put it into.");
    }
    String text = prompt;
    if (text == null) {
      if (System.console() != null && System.console().isTerminal()) {
        System.err.println("Type the prompt; Ctrl-D ends it.");
      }
      text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    }
    if (text.isBlank()) {
      throw UserError.usage("The prompt is empty; give one with -p or on standard input.");
    }
    List<Picture> shown = images.stream().map(PictureFile::read).toList();
    try (Session session = engine.open(artifact)) {
      Generation asked = new Generation(tokens, sampling.over(session.recommended()), stops);
      if (crops != null) {
        session.crops(crops);
      }
      int[] ids = raw ? session.prompt(text, shown) : session.prompt(conversation(text, shown));
      Reply reply =
          session.generate(
              ids,
              asked,
              piece -> {
                System.out.print(piece);
                System.out.flush();
                return !System.out.checkError();
              });
      System.out.println();
      if (!System.out.checkError()) {
        System.err.println(summary(reply));
      }
    }
    return 0;
  }

  private List<Message> conversation(String text, List<Picture> shown) {
    List<Message> messages = new ArrayList<>();
    if (system != null) {
      messages.add(Message.system(system));
    }
    messages.add(Message.user(text, shown));
    return messages;
  }

  private static String summary(Reply reply) {
    String speed =
        reply.steps() == 0
            ? ""
            : String.format(Locale.ROOT, " at %.1f tokens/s", reply.tokensPerSecond());
    return String.format(
        Locale.ROOT,
        "%d tokens%s; first after %.2f s (a prompt of %d tokens, %.1f tokens/s)%s",
        reply.tokens().size(),
        speed,
        reply.promptSeconds(),
        reply.promptTokens(),
        reply.promptTokens() / reply.promptSeconds(),
        reply.finish() == Reply.Finish.LENGTH ? "; stopped by -n or --ctx" : "");
  }
}
