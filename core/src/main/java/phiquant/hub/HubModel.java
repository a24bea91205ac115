package phiquant.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.checkpoint.Ignored;
import phiquant.checkpoint.Json;
import phiquant.hub.transport.Ask;
import phiquant.hub.transport.HubRefusals;

/**
 * What a model consists of at a commit. A branch is asked for its commit once, and all that follows
 * is of that commit, whatever the branch does meanwhile.
 *
 * @param files by path
 */
public record HubModel(HubName name, String commit, Map<String, HubFile> files) {
  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");
  private static final int MOST_PAGES = 1000;

  /**
   * Asks the hub.
   *
   * @throws UserError if there is no such model or revision, or it is not for who asks
   */
  public static HubModel ask(Hub hub, HubName name) {
    String commit = name.isCommit() ? name.revision() : commit(hub, name);
    Map<String, HubFile> files = new TreeMap<>();
    URI page =
        hub.address("/api/models/" + name.id() + "/tree/" + commit, "recursive=true&expand=false");
    for (int i = 0; page != null; i++) {
      Hub.Answer answer = hub.demand(Ask.get(name.toString(), page));
      for (JsonNode entry : json(name, answer)) {
        if (entry.path("type").asText().equals("file")) {
          HubFile file = file(name, entry);
          files.put(file.path(), file);
        }
      }
      page = i < MOST_PAGES ? next(answer, page) : null;
    }
    return new HubModel(name, commit, files);
  }

  /**
   * Refuses what has no weights that phiquant gets from the hub.
   *
   * @throws UserError saying what it has instead
   */
  void requireWeights() {
    boolean any =
        files.values().stream()
            .anyMatch(file -> !file.isWithin() && file.path().endsWith(".safetensors"));
    if (!any) {
      throw new UserError(
          name + " has no weights as safetensors.",
          files.isEmpty()
              ? "It holds nothing."
              : "It holds " + Ignored.listed(List.copyOf(files.keySet())) + ".");
    }
  }

  private static String commit(Hub hub, HubName name) {
    URI address =
        hub.address(
            "/api/models/" + name.id() + "/revision/" + name.revision().replace("/", "%2F"));
    Hub.Answer answer = hub.demand(Ask.get(name.toString(), address));
    String commit = json(name, answer).path("sha").asText();
    if (!HubName.isCommit(commit)) {
      throw HubRefusals.notTheHub(name.toString(), answer.reply());
    }
    return commit;
  }

  public static JsonNode json(HubName name, Hub.Answer answer) {
    try {
      JsonNode json = Json.parser(answer.text()).readValueAsTree();
      if (json != null && json.isContainerNode()) {
        return json;
      }
    } catch (IOException e) {
      // It is none.
    }
    throw HubRefusals.notTheHub(name.toString(), answer.reply());
  }

  private static URI next(Hub.Answer answer, URI page) {
    for (String link : answer.reply().headers().allValues("Link")) {
      Matcher next = NEXT.matcher(link);
      if (next.find()) {
        return page.resolve(next.group(1));
      }
    }
    return null;
  }

  private static HubFile file(HubName name, JsonNode entry) {
    String path = entry.path("path").asText();
    if (!isSafe(path)) {
      throw new UserError(
          "%s lists a file '%s', which leads out of its folder.".formatted(name, path));
    }
    JsonNode large = entry.path("lfs");
    long size = large.path("size").asLong(entry.path("size").asLong(-1));
    Optional<String> sha256 = hash(large.path("oid"), 64);
    Optional<String> blob = hash(entry.path("oid"), 40);
    if (size < 0 || blob.isEmpty() || large.isObject() && sha256.isEmpty()) {
      throw new UserError(
          "%s lists the file '%s' without its size or its hash.".formatted(name, path));
    }
    return new HubFile(path, size, blob.get(), sha256, hash(entry.path("xetHash"), 64));
  }

  private static Optional<String> hash(JsonNode text, int digits) {
    return Optional.of(text.asText()).filter(hex -> hex.matches("[0-9a-f]{" + digits + "}"));
  }

  /** Whether a path stays below the folder that it is taken from, on every system. */
  static boolean isSafe(String path) {
    return !path.isEmpty()
        && !path.matches("(?s).*[\\\\:\\p{Cntrl}].*")
        && Stream.of(path.split("/", -1)).allMatch(HubModel::isPlain);
  }

  private static boolean isPlain(String part) {
    return !part.isEmpty() && !part.equals("..");
  }
}
