package phiquant.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.hub.DownloadProgress;
import phiquant.hub.Hub;
import phiquant.hub.HubName;
import phiquant.hub.push.Push;
import phiquant.hub.push.PushedFile;
import phiquant.report.HubCard;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Publishes artifacts on the hub. */
@Command(
    name = "push",
    description = "Publish artifacts on Hugging Face's hub, with a card that says what they are.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant push out me/Phi-4-mini-instruct-GGUF --private",
      "  phiquant eval out/* --against microsoft/Phi-4-mini-instruct --json eval.json",
      "  phiquant push out me/Phi-4-mini-instruct-GGUF --base microsoft/Phi-4-mini-instruct"
          + " --eval eval.json"
    })
final class PushCommand implements Callable<Integer> {
  private static final String CARD = "README.md";

  @Parameters(
      index = "0",
      paramLabel = "OUT",
      description = "An artifact, or a folder with nothing but artifacts.")
  private Path out;

  @Parameters(index = "1", paramLabel = "OWNER/NAME", description = "The model on the hub.")
  private String name;

  @Option(names = "--private", description = "Make it for nobody else to see.")
  private boolean isPrivate;

  @Option(names = "--public", description = "Publish without asking first.")
  private boolean isPublic;

  @Option(
      names = "--base",
      paramLabel = "OWNER/NAME",
      description = "The hub's name of the model that it was made of.")
  private String base;

  @Option(
      names = "--eval",
      paramLabel = "FILE",
      description = "What eval --json wrote, for the card.")
  private Path evaluation;

  @Option(names = "--message", description = "The commit's line. Default: ${DEFAULT-VALUE}.")
  private String message = "Quantized with phiquant";

  @Override
  public Integer call() throws IOException {
    if (isPrivate && isPublic) {
      throw UserError.usage("--private and --public cannot both be.");
    }
    HubName model = HubName.parse(name);
    Optional<String> of = Optional.ofNullable(base).map(HubName::parse).map(HubName::id);
    List<Path> artifacts = artifacts();
    List<PushedFile> files = new ArrayList<>();
    for (Path artifact : artifacts) {
      add(artifact, artifacts.size() == 1 && artifact.equals(out) ? out : artifact, files);
    }
    try (Hub hub = Hub.ofEnvironment()) {
      Push push = new Push(hub, model);
      String card = HubCard.of(model.id(), artifacts, of, Optional.ofNullable(evaluation));
      boolean isNew = open(push, model);
      if (isNew || !push.has(CARD)) {
        files.removeIf(file -> file.path().equals(CARD));
        files.add(PushedFile.of(CARD, card.getBytes(StandardCharsets.UTF_8)));
      }
      boolean terminal = System.console() != null && System.console().isTerminal();
      push.upload(files, message, terminal ? new DownloadBar("Uploading") : DownloadProgress.NONE);
      System.out.println(hub.settings().endpoint() + "/" + model.id());
    }
    return 0;
  }

  /** The artifacts: itself, or what lies in it. */
  private List<Path> artifacts() throws IOException {
    if (!Files.exists(out)) {
      throw new UserError(out + " does not exist.");
    }
    boolean isOne =
        Files.isRegularFile(out)
            || Stream.of("config.json", "genai_config.json", "openvino_model.xml")
                .anyMatch(file -> Files.exists(out.resolve(file)));
    if (isOne) {
      return List.of(out);
    }
    try (Stream<Path> inside = Files.list(out)) {
      List<Path> found =
          inside
              .filter(path -> !path.getFileName().toString().startsWith("."))
              .filter(path -> Files.isDirectory(path) || path.toString().endsWith(".gguf"))
              .sorted()
              .toList();
      if (found.isEmpty()) {
        throw new UserError(out + " holds no artifact.");
      }
      return found;
    }
  }

  /** All files of an artifact, under their names there: in its folder if there are several. */
  private void add(Path artifact, Path root, List<PushedFile> files) throws IOException {
    try (Stream<Path> all = Files.walk(artifact)) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        Path within =
            artifact.equals(out) && Files.isDirectory(out)
                ? out.relativize(file)
                : root.toAbsolutePath().getParent().relativize(file.toAbsolutePath());
        files.add(PushedFile.of(within.toString().replace('\\', '/'), file));
      }
    }
  }

  /** Makes the model if there is none; asks before anybody else can see it. */
  private boolean open(Push push, HubName model) {
    Optional<Boolean> known = push.isPrivate();
    if (isPrivate && known.equals(Optional.of(false))) {
      throw new UserError(
          model + " is public already, and what is pushed there is, too.",
          "Make it private on its page, or choose another name.");
    }
    boolean seen = !isPrivate && !known.orElse(false);
    if (seen && !isPublic && !agreed(model)) {
      throw new UserError("Nothing was published.");
    }
    if (known.isEmpty()) {
      push.create(isPrivate);
    }
    return known.isEmpty();
  }

  private static boolean agreed(HubName model) {
    if (System.console() == null || !System.console().isTerminal()) {
      throw UserError.usage(
          model + " would be public; say so with --public, or make it --private.");
    }
    String answer =
        System.console().readLine(model + " will be public: everybody can load it. Go on? [y/N] ");
    return answer != null && answer.strip().matches("(?i)y|yes");
  }
}
