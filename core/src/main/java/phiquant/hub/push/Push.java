package phiquant.hub.push;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.hub.DownloadProgress;
import phiquant.hub.Hub;
import phiquant.hub.HubModel;
import phiquant.hub.HubName;
import phiquant.hub.transport.Ask;
import phiquant.hub.transport.HubRefusals;

/**
 * Publishes files on the hub as one commit: they appear there together or not at all. The hub says
 * which are large and go to its storage, {@link LargeUpload}; the others go with the commit.
 * Source: huggingface_hub's {@code _commit_api.py} and {@code hf_api.py}.
 */
public final class Push {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String JSON_TYPE = "application/json";
  private static final int SAMPLE = 512;
  private static final int AT_ONCE = 256;

  private final Hub hub;
  private final HubName model;

  /**
   * To a model's main branch, or another that exists.
   *
   * @throws UserError if nobody is named who may write
   */
  public Push(Hub hub, HubName model) {
    this.hub = hub;
    this.model = model;
    if (hub.settings().token().isEmpty()) {
      throw new UserError(
          "To write to the hub takes a token.",
          "Set HF_TOKEN to one that may write, or log in with hf auth login.");
    }
  }

  /** Whether the model is private; empty if there is none yet. */
  public Optional<Boolean> isPrivate() {
    Ask ask = Ask.get(model.id(), hub.address("/api/models/" + model.id()));
    Hub.Answer answer = hub.ask(ask);
    if (answer.reply().status() == 404) {
      return Optional.empty();
    }
    if (!answer.reply().isGood()) {
      throw HubRefusals.of(ask, answer.reply(), hub.settings().token());
    }
    return Optional.of(HubModel.json(model, answer).path("private").asBoolean());
  }

  /** Whether there is a file of that name already. */
  public boolean has(String path) {
    return HubModel.ask(hub, model).files().containsKey(path);
  }

  /**
   * Makes the model's repository.
   *
   * @throws UserError if it is refused
   */
  public void create(boolean isPrivate) {
    String[] parts = model.id().split("/");
    ObjectNode asked = JSON.createObjectNode().put("organization", parts[0]).put("name", parts[1]);
    asked.put("type", "model").put("visibility", isPrivate ? "private" : "public");
    hub.demand(Ask.post(model.id(), hub.address("/api/repos/create"), JSON_TYPE, asked.toString()));
  }

  /**
   * Brings files there.
   *
   * @param message of the commit, a line
   * @return the commit
   * @throws UserError if a file cannot be read or is refused; then none is published
   */
  public String upload(List<PushedFile> files, String message, DownloadProgress progress) {
    Set<String> large = new HashSet<>();
    for (int i = 0; i < files.size(); i += AT_ONCE) {
      large.addAll(large(files.subList(i, Math.min(files.size(), i + AT_ONCE))));
    }
    StringBuilder steps = new StringBuilder();
    append(steps, "header", JSON.createObjectNode().put("summary", message).put("description", ""));
    progress.begin(files.stream().mapToLong(PushedFile::size).sum());
    try {
      for (PushedFile file : files) {
        ObjectNode value = JSON.createObjectNode().put("path", file.path());
        if (large.contains(file.path()) && file.size() > 0) {
          String sha256 = sha256(file);
          new LargeUpload(hub, model, file, sha256).run();
          value.put("algo", "sha256").put("oid", sha256).put("size", file.size());
          append(steps, "lfsFile", value);
        } else {
          String content = Base64.getEncoder().encodeToString(file.first(Integer.MAX_VALUE - 8));
          append(steps, "file", value.put("encoding", "base64").put("content", content));
        }
        progress.advance(file.size());
      }
    } finally {
      progress.end();
    }
    URI address = hub.address("/api/models/" + model.id() + "/commit/" + model.revision());
    Ask commit = Ask.post(model.id(), address, "application/x-ndjson", steps.toString());
    return HubModel.json(model, hub.demand(commit)).path("commitOid").asText();
  }

  private static void append(StringBuilder steps, String key, ObjectNode value) {
    ObjectNode step = JSON.createObjectNode().put("key", key);
    step.set("value", value);
    steps.append(step).append('\n');
  }

  /** Which of these the hub wants in its storage. */
  private Set<String> large(List<PushedFile> files) {
    ObjectNode asked = JSON.createObjectNode();
    ArrayNode all = asked.putArray("files");
    for (PushedFile file : files) {
      all.addObject()
          .put("path", file.path())
          .put("size", file.size())
          .put("sample", Base64.getEncoder().encodeToString(file.first(SAMPLE)));
    }
    URI address = hub.address("/api/models/" + model.id() + "/preupload/" + model.revision());
    Hub.Answer answer = hub.demand(Ask.post(model.id(), address, JSON_TYPE, asked.toString()));
    Set<String> large = new HashSet<>();
    for (JsonNode file : HubModel.json(model, answer).path("files")) {
      if (file.path("uploadMode").asText().equals("lfs")) {
        large.add(file.path("path").asText());
      }
    }
    return large;
  }

  private static String sha256(PushedFile file) {
    try (InputStream in = file.content().open()) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw PushedFile.unreadable(file.path(), e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
