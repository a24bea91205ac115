package phiquant.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;

/**
 * A model's name on the hub, {@code OWNER/NAME[@REVISION]}. What may stand in it is what
 * huggingface_hub's {@code validate_repo_id} lets pass.
 *
 * @param id owner and name
 * @param revision a branch, a tag or a commit
 */
public record HubName(String id, String revision) {
  /** What is meant if no revision is named. */
  public static final String MAIN = "main";

  private static final String PART = "[A-Za-z0-9_](?:[\\w.-]{0,94}[A-Za-z0-9_])?";
  private static final Pattern NAME =
      Pattern.compile("(" + PART + "/" + PART + ")(?:@([\\w.][\\w./-]{0,199}))?");

  /** What a file is called that somebody has mistyped. */
  private static final Pattern FILE =
      Pattern.compile(".*\\.(gguf|safetensors|onnx|xml|bin|json|git|pt|pth|ckpt)");

  /**
   * The name that a text is.
   *
   * @throws UserError if it is none
   */
  public static HubName parse(String text) {
    return named(text)
        .orElseThrow(
            () ->
                UserError.usage(
                    "'" + text + "' is no model's name on the hub, which looks like OWNER/NAME."));
  }

  private static Optional<HubName> named(String text) {
    Matcher name = NAME.matcher(text);
    if (!name.matches() || name.group(1).contains("--") || text.contains("..")) {
      return Optional.empty();
    }
    String revision = name.group(2) == null ? MAIN : name.group(2);
    return FILE.matcher(name.group(1)).matches()
        ? Optional.empty()
        : Optional.of(new HubName(name.group(1), revision));
  }

  /**
   * The name that somebody has given where a path is expected, too. What exists is a path; so is
   * what would lie in a folder that exists, unless a revision is named.
   */
  public static Optional<HubName> of(Path given) {
    if (given.isAbsolute() || Files.exists(given)) {
      return Optional.empty();
    }
    String text = given.toString().replace('\\', '/');
    boolean here = given.getNameCount() > 1 && Files.isDirectory(given.subpath(0, 1));
    return named(text).filter(name -> !here || text.contains("@"));
  }

  /** Under which errors name it and artifacts are called after it. */
  Path path() {
    return Path.of(id);
  }

  /** Its folder in a cache. */
  String folder() {
    return "models--" + id.replace("/", "--");
  }

  /** Whether the revision can be no other than this commit, for good. */
  boolean isCommit() {
    return isCommit(revision);
  }

  static boolean isCommit(String revision) {
    return revision.matches("[0-9a-f]{40}");
  }

  @Override
  public String toString() {
    return revision.equals(MAIN) ? id : id + "@" + revision;
  }
}
