package phiquant.hub.push;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import phiquant.UserError;
import phiquant.hub.Hub;
import phiquant.hub.HubModel;
import phiquant.hub.HubName;
import phiquant.hub.transport.Ask;

/**
 * Brings one large file to where the hub stores such, as git-lfs's batch API says, whole or in the
 * parts that Hugging Face adds to it: {@code chunk_size} and a numbered address for each stand
 * among the headers, and the parts are joined in the end. Source: git-lfs's {@code
 * docs/api/batch.md}, huggingface_hub's {@code lfs.py}.
 */
final class LargeUpload {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TYPE = "application/vnd.git-lfs+json";

  private final Hub hub;
  private final HubName model;
  private final PushedFile file;
  private final String sha256;

  LargeUpload(Hub hub, HubName model, PushedFile file, String sha256) {
    this.hub = hub;
    this.model = model;
    this.file = file;
    this.sha256 = sha256;
  }

  private String what() {
    return model.id() + ": " + file.path();
  }

  /**
   * Does it, unless the hub has the content already.
   *
   * @throws UserError if it is refused
   */
  void run() {
    JsonNode object = batch();
    JsonNode upload = object.path("actions").path("upload");
    if (object.has("error")) {
      throw new UserError(
          what()
              + " is refused: "
              + object.path("error").path("message").asText("no reason")
              + ".");
    }
    if (upload.isMissingNode()) {
      return;
    }
    URI address = address(upload);
    JsonNode header = upload.path("header");
    if (header.has("chunk_size")) {
      parts(address, header, header.path("chunk_size").asLong());
    } else {
      Ask put = put(address, 0, file.size());
      for (Map.Entry<String, JsonNode> one : header.properties()) {
        put = put.with(one.getKey(), one.getValue().asText());
      }
      hub.demand(put);
    }
    JsonNode verify = object.path("actions").path("verify");
    if (!verify.isMissingNode()) {
      hub.demand(Ask.post(what(), address(verify), TYPE, stated().toString()));
    }
  }

  private JsonNode batch() {
    ObjectNode asked =
        JSON.createObjectNode().put("operation", "upload").put("hash_algo", "sha256");
    asked.putArray("transfers").add("basic").add("multipart");
    asked.putObject("ref").put("name", model.revision());
    asked.putArray("objects").add(stated());
    URI address = hub.address("/" + model.id() + ".git/info/lfs/objects/batch");
    Ask ask = Ask.post(what(), address, TYPE, asked.toString()).with("Accept", TYPE);
    return HubModel.json(model, hub.demand(ask)).path("objects").path(0);
  }

  private ObjectNode stated() {
    return JSON.createObjectNode().put("oid", sha256).put("size", file.size());
  }

  private URI address(JsonNode action) {
    String text = action.path("href").asText();
    if (!text.matches("(?i)https?://.+")) {
      throw new UserError(what() + ": the hub says no address to bring it to.");
    }
    return URI.create(text);
  }

  private void parts(URI join, JsonNode header, long chunk) {
    Map<Integer, URI> addresses = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : header.properties()) {
      if (entry.getKey().matches("\\d{1,6}")) {
        addresses.put(Integer.parseInt(entry.getKey()), URI.create(entry.getValue().asText()));
      }
    }
    if (chunk < 1 || addresses.size() != Math.ceilDiv(file.size(), chunk)) {
      throw new UserError(what() + ": the hub says other parts than the file has.");
    }
    ObjectNode joined = JSON.createObjectNode().put("oid", sha256);
    ArrayNode parts = joined.putArray("parts");
    long offset = 0;
    for (Map.Entry<Integer, URI> part : addresses.entrySet()) {
      long count = Math.min(chunk, file.size() - offset);
      Hub.Answer answer = hub.demand(put(part.getValue(), offset, count));
      String etag = answer.reply().headers().firstValue("ETag").orElse("");
      parts.addObject().put("partNumber", part.getKey()).put("etag", etag);
      offset += count;
    }
    hub.demand(Ask.post(what(), join, TYPE, joined.toString()).with("Accept", TYPE));
  }

  private Ask put(URI address, long offset, long count) {
    Supplier<BodyPublisher> body =
        () ->
            BodyPublishers.fromPublisher(
                BodyPublishers.ofInputStream(() -> new Limited(file.from(offset), count)), count);
    return new Ask(what(), "PUT", address, Map.of(), body);
  }

  /** Ends after so many bytes. */
  private static final class Limited extends FilterInputStream {
    private long left;

    Limited(InputStream in, long count) {
      super(in);
      this.left = count;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int at, int count) throws IOException {
      int read = left == 0 ? -1 : in.read(into, at, (int) Math.min(count, left));
      left -= Math.max(0, read);
      return read;
    }
  }
}
