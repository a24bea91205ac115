package phiquant.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import phiquant.UserError;
import phiquant.picture.Picture;
import phiquant.picture.PictureFile;
import phiquant.run.Generation;
import phiquant.run.Reply;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A conversation with any artifact, line by line, on a terminal or in a pipe. */
@Command(
    name = "chat",
    description = "Talk to a checkpoint or artifact. Ctrl-C stops a reply; /exit ends the chat.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "In the chat: /image FILE shows a picture with the next question, /reset forgets the",
      "conversation, /exit (or the end of the input) ends it.",
      "",
      "Example:",
      "  phiquant chat out/Phi-4-mini-instruct-Q4_K_M.gguf --system \"Answer briefly.\""
    })
final class ChatCommand implements Callable<Integer> {
  private static final String HELP =
      "Ctrl-C stops a reply, /reset forgets the conversation, /exit ends the chat.";

  @Parameters(paramLabel = "ARTIFACT", description = "A GGUF file, or an artifact's folder.")
  private Path artifact;

  @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before.")
  private String system;

  @Option(
      names = {"-n", "--tokens"},
      paramLabel = "N",
      description = "At most so many tokens in a reply. Default: what the context holds.")
  private int tokens = Integer.MAX_VALUE;

  @Mixin private EngineOptions engine;
  @Mixin private SamplingOptions sampling;

  private final List<Message> history = new ArrayList<>();

  /** Pictures of the next question. */
  private final List<Picture> shown = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    if (tokens < 1) {
      throw UserError.usage("-n is " + tokens + "; it must be 1 or more.");
    }
    boolean terminal = System.console() != null && System.console().isTerminal();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Session session = engine.open(artifact)) {
      session.requireTemplate();
      Sampling chosen = sampling.over(session.recommended());
      SplittableRandom seeds = new SplittableRandom(chosen.seed());
      reset();
      if (terminal) {
        System.out.println(HELP);
        Interrupt.say(HELP + "\n> ");
      }
      for (String line = ask(in, terminal); line != null; line = ask(in, terminal)) {
        if (System.out.checkError()) {
          return 0; // Nobody reads any more; what Main finds makes the exit code.
        }
        switch (line.strip()) {
          case "" -> {}
          case "/exit" -> {
            return 0;
          }
          case "/reset" -> reset();
          default -> {
            if (line.strip().startsWith("/image ")) {
              show(line.strip().substring("/image ".length()).strip());
              continue;
            }
            Sampling next = chosen.withSeed(seeds.nextLong());
            reply(session, line, new Generation(tokens, next, List.of()));
          }
        }
      }
    }
    return 0;
  }

  private static String ask(BufferedReader in, boolean terminal) throws IOException {
    if (terminal) {
      System.out.print("> ");
      System.out.flush();
    }
    return in.readLine();
  }

  /** One that cannot be read is left out, so that the chat can go on. */
  private void show(String file) {
    try {
      shown.add(PictureFile.read(Path.of(file)));
    } catch (UserError | InvalidPathException e) {
      System.err.println("error: " + e.getMessage());
    }
  }

  private void reset() {
    shown.clear();
    history.clear();
    if (system != null) {
      history.add(Message.system(system));
    }
  }

  /** A question that cannot be answered is taken back, so that the chat can go on. */
  private void reply(Session session, String question, Generation asked) {
    history.add(Message.user(question, shown));
    shown.clear();
    try (Interrupt.Watch watch = Interrupt.watch()) {
      Reply reply =
          session.generate(
              session.prompt(history),
              asked,
              piece -> {
                System.out.print(piece);
                System.out.flush();
                return !watch.came() && !System.out.checkError();
              });
      System.out.println(reply.finish() == Reply.Finish.STOP ? "" : " …");
      history.add(Message.assistant(reply.text()));
    } catch (UserError e) {
      history.removeLast();
      System.err.println("error: " + e.getMessage());
      System.err.println("hint: /reset forgets the conversation; --ctx allows a longer one.");
    }
  }
}
