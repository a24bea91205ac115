package phiquant.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A small hub: the part of Hugging Face's API that its client and phiquant use, and a host of its
 * own on which large files are stored. {@code HubClientIT} lets the real client work with it, so
 * that what phiquant is tested on is what that client accepts. Faults can be put in front of it.
 */
final class TestHub implements AutoCloseable {
  static final String TOKEN = "hf_abcdefghijklmnopqrstuvwxyz";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PAGE = 4;

  /** Larger files are uploaded in parts of that size. */
  private static final long CHUNK = 5_000_000;

  private static final Pattern API =
      Pattern.compile("/api/models/([^/]+/[^/]+?)(?:/(revision|tree|preupload|commit)/([^/]+))?");
  private static final Pattern RESOLVE = Pattern.compile("/([^/]+/[^/]+)/resolve/([^/]+)/(.+)");
  private static final Pattern BATCH =
      Pattern.compile("/([^/]+/[^/]+)\\.git/info/lfs/objects/batch");
  private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d*)");

  final Map<String, TestRepository> models = new ConcurrentHashMap<>();
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** Tokens that came to the storage, which must be none. */
  final List<String> leaked = new CopyOnWriteArrayList<>();

  final AtomicLong stored = new AtomicLong();

  /** How much of what was asked for in parts is cut off, from 0 to 1. */
  double cut;

  /** Bytes a second that all connections share; 0: as many as there are. */
  double rate;

  /** Answers before anybody else does, if it wants to. */
  Fault fault = exchange -> false;

  private final HttpServer hub = server();
  private final HttpServer storage = server();
  private final Path folder;
  private final Random random = new Random(1);
  private long sentUntil;

  interface Fault {
    /** Whether it has answered. */
    boolean answers(HttpExchange exchange) throws IOException;
  }

  /** Keeps what is uploaded in a folder. */
  TestHub(Path folder) {
    this.folder = folder;
    hub.createContext("/", exchange -> serve(exchange, this::answer));
    storage.createContext("/", exchange -> serve(exchange, this::store));
    hub.start();
    storage.start();
  }

  private static HttpServer server() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newCachedThreadPool());
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  private String storageAddress() {
    return "http://localhost:" + storage.getAddress().getPort();
  }

  /** An environment that names this hub and a cache. */
  Map<String, String> environment(Path cache) {
    return Map.of("HF_ENDPOINT", address().toString(), "HF_HOME", cache.toString());
  }

  TestRepository add(String id, Path files) {
    TestRepository model = new TestRepository().addAll(files);
    models.put(id, model);
    return model;
  }

  private interface Handler {
    void handle(HttpExchange exchange) throws IOException;
  }

  private void serve(HttpExchange exchange, Handler handler) throws IOException {
    try (exchange) {
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      if (!fault.answers(exchange)) {
        handler.handle(exchange);
      }
    } catch (RuntimeException e) {
      e.printStackTrace();
      throw e;
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    Matcher api = API.matcher(path);
    Matcher resolve = RESOLVE.matcher(path);
    Matcher batch = BATCH.matcher(path);
    String token = exchange.getRequestHeaders().getFirst("Authorization");
    if (token != null && !token.equals("Bearer " + TOKEN)) {
      refuse(exchange, 401, "", "Invalid credentials in Authorization header");
    } else if (path.equals("/api/repos/create")) {
      create(exchange);
    } else if (path.equals("/join")) {
      join(exchange);
    } else if (path.equals("/api/validate-yaml")) {
      json(exchange, 200, JSON.readTree("{\"errors\": [], \"warnings\": []}"));
    } else if (batch.matches()) {
      batch(exchange);
    } else if (api.matches()) {
      api(exchange, api, token != null);
    } else if (resolve.matches()) {
      resolve(exchange, resolve, token != null);
    } else {
      refuse(exchange, 404, "", "");
    }
  }

  /** Whether who asks may see a model; if not, says so. */
  private boolean mayRead(HttpExchange exchange, String id, boolean known) throws IOException {
    TestRepository model = models.get(id);
    if (model == null || model.isPrivate && !known) {
      refuse(exchange, known ? 404 : 401, known ? "RepoNotFound" : "", "Repository not found");
      return false;
    }
    if (model.isGated && !known) {
      refuse(exchange, 401, "GatedRepo", "Access to model " + id + " is restricted.");
      return false;
    }
    return true;
  }

  private void api(HttpExchange exchange, Matcher path, boolean known) throws IOException {
    String id = path.group(1);
    if (!mayRead(exchange, id, known)) {
      return;
    }
    TestRepository model = models.get(id);
    String what = String.valueOf(path.group(2));
    String revision = path.group(3) == null ? "main" : path.group(3);
    if (!List.of("main", model.commit()).contains(revision)) {
      refuse(exchange, 404, "RevisionNotFound", "Invalid rev id: " + revision);
      return;
    }
    switch (what) {
      case "tree" -> tree(exchange, model);
      case "preupload" -> preupload(exchange);
      case "commit" -> commit(exchange, model, id);
      default -> {
        ObjectNode info = JSON.createObjectNode();
        info.put("id", id).put("modelId", id).put("sha", model.commit());
        info.put("private", model.isPrivate).put("gated", model.isGated);
        ArrayNode siblings = info.putArray("siblings");
        model.files.keySet().forEach(file -> siblings.addObject().put("rfilename", file));
        json(exchange, 200, info);
      }
    }
  }

  private void tree(HttpExchange exchange, TestRepository model) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
    ArrayNode page = JSON.createArrayNode();
    List<String> paths = new ArrayList<>(model.files.keySet());
    for (String path : paths.subList(from, Math.min(paths.size(), from + PAGE))) {
      TestRepository.Stored file = model.files.get(path);
      ObjectNode entry = page.addObject();
      entry.put("type", "file").put("oid", file.blob()).put("size", file.size()).put("path", path);
      if (file.isLarge()) {
        entry
            .putObject("lfs")
            .put("oid", file.sha256())
            .put("size", file.size())
            .put("pointerSize", 134);
      }
      if (file.xetHash() != null) {
        entry.put("xetHash", file.xetHash());
      }
    }
    if (from + PAGE < paths.size()) {
      String next = address() + exchange.getRequestURI().getPath();
      exchange
          .getResponseHeaders()
          .add("Link", "<%s?recursive=true&cursor=%d>; rel=\"next\"".formatted(next, from + PAGE));
    }
    json(exchange, 200, page);
  }

  private void resolve(HttpExchange exchange, Matcher path, boolean known) throws IOException {
    if (!mayRead(exchange, path.group(1), known)) {
      return;
    }
    TestRepository model = models.get(path.group(1));
    TestRepository.Stored file = model.files.get(path.group(3));
    exchange.getResponseHeaders().set("X-Repo-Commit", model.commit());
    if (!List.of("main", model.commit()).contains(path.group(2))) {
      refuse(exchange, 404, "RevisionNotFound", "Invalid rev id");
    } else if (file == null) {
      refuse(exchange, 404, "EntryNotFound", "Entry not found");
    } else if (file.isLarge()) {
      exchange.getResponseHeaders().set("X-Linked-Etag", '"' + file.sha256() + '"');
      exchange.getResponseHeaders().set("X-Linked-Size", "" + file.size());
      exchange
          .getResponseHeaders()
          .set("Location", storageAddress() + "/" + file.sha256() + "?signature=secret");
      exchange.sendResponseHeaders(302, -1);
    } else {
      exchange.getResponseHeaders().set("ETag", '"' + file.blob() + '"');
      send(exchange, file.content(), false);
    }
  }

  /** What the storage does: gives what lies there, takes what may be put there. */
  private void store(HttpExchange exchange) throws IOException {
    String token = exchange.getRequestHeaders().getFirst("Authorization");
    if (token != null) {
      leaked.add(token);
    }
    String name = exchange.getRequestURI().getPath().substring(1);
    if (exchange.getRequestMethod().equals("PUT")) {
      Path file = folder.resolve(name);
      Files.copy(exchange.getRequestBody(), file);
      exchange.getResponseHeaders().set("ETag", "\"part\"");
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    Path content =
        models.values().stream()
            .flatMap(model -> model.files.values().stream())
            .filter(file -> name.equals(file.sha256()))
            .map(TestRepository.Stored::content)
            .findFirst()
            .orElseThrow();
    exchange.getResponseHeaders().set("ETag", "\"storage-" + name.substring(0, 8) + "\"");
    send(exchange, content, true);
  }

  private void send(HttpExchange exchange, Path content, boolean large) throws IOException {
    long size = Files.size(content);
    Matcher range = RANGE.matcher(String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
    boolean part = range.matches();
    long from = part ? Long.parseLong(range.group(1)) : 0;
    long to = part && !range.group(2).isEmpty() ? Long.parseLong(range.group(2)) + 1 : size;
    exchange.getResponseHeaders().set("Accept-Ranges", "bytes");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", "" + size);
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    if (part) {
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, size));
    }
    exchange.sendResponseHeaders(part ? 206 : 200, to == from ? -1 : to - from);
    boolean cutOff;
    synchronized (random) {
      cutOff = large && random.nextDouble() < cut;
    }
    long end = cutOff ? from + (to - from) / 2 : to;
    try (FileChannel file = FileChannel.open(content)) {
      OutputStream out = exchange.getResponseBody();
      for (long at = from; at < end; ) {
        long some = file.transferTo(at, Math.min(1 << 18, end - at), Channels.newChannel(out));
        at += some;
        slow(some);
        if (large) {
          stored.addAndGet(some);
        }
      }
      out.flush();
    }
  }

  /** As if all connections were one line of that rate. */
  private void slow(long bytes) {
    if (rate > 0) {
      long until;
      synchronized (random) {
        sentUntil = Math.max(sentUntil, System.nanoTime()) + (long) (bytes / rate * 1e9);
        until = sentUntil;
      }
      for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
    }
  }

  private void create(HttpExchange exchange) throws IOException {
    JsonNode asked = JSON.readTree(exchange.getRequestBody());
    String id = asked.path("organization").asText() + "/" + asked.path("name").asText();
    TestRepository made = new TestRepository();
    made.isPrivate =
        asked.path("visibility").asText().equals("private") || asked.path("private").asBoolean();
    boolean isNew = models.putIfAbsent(id, made) == null;
    ObjectNode answer = JSON.createObjectNode().put("url", address() + "/" + id).put("id", id);
    json(exchange, isNew ? 200 : 409, answer);
  }

  private void preupload(HttpExchange exchange) throws IOException {
    ObjectNode answer = JSON.createObjectNode();
    ArrayNode files = answer.putArray("files");
    for (JsonNode file : JSON.readTree(exchange.getRequestBody()).path("files")) {
      boolean large = file.path("size").asLong() > 100_000;
      files
          .addObject()
          .put("path", file.path("path").asText())
          .put("uploadMode", large ? "lfs" : "regular")
          .put("shouldIgnore", false);
    }
    json(exchange, 200, answer);
  }

  private void batch(HttpExchange exchange) throws IOException {
    ObjectNode answer = JSON.createObjectNode().put("transfer", "basic");
    ArrayNode objects = answer.putArray("objects");
    for (JsonNode asked : JSON.readTree(exchange.getRequestBody()).path("objects")) {
      String oid = asked.path("oid").asText();
      ObjectNode object = objects.addObject();
      object.put("oid", oid).put("size", asked.path("size").asLong());
      if (!Files.exists(folder.resolve(oid))) {
        ObjectNode upload = object.putObject("actions").putObject("upload");
        ObjectNode header = upload.putObject("header");
        long size = asked.path("size").asLong();
        upload.put("href", size > CHUNK ? address() + "/join" : storageAddress() + "/" + oid);
        if (size > CHUNK) {
          header.put("chunk_size", "" + CHUNK);
          for (int part = 1; part <= Math.ceilDiv(size, CHUNK); part++) {
            header.put("%05d".formatted(part), storageAddress() + "/" + oid + "." + part);
          }
        }
      }
    }
    json(exchange, 200, answer);
  }

  /** Makes one of a file's parts, in the order that is asked for. */
  private void join(HttpExchange exchange) throws IOException {
    JsonNode asked = JSON.readTree(exchange.getRequestBody());
    String oid = asked.path("oid").asText();
    try (OutputStream out = Files.newOutputStream(folder.resolve(oid))) {
      for (JsonNode part : asked.path("parts")) {
        Files.copy(folder.resolve(oid + "." + part.path("partNumber").asInt()), out);
      }
    }
    json(exchange, 200, JSON.createObjectNode());
  }

  private void commit(HttpExchange exchange, TestRepository model, String id) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    for (String line : body.lines().filter(text -> !text.isBlank()).toList()) {
      JsonNode step = JSON.readTree(line);
      JsonNode value = step.path("value");
      String path = value.path("path").asText();
      if (step.path("key").asText().equals("file")) {
        Path content = Files.createTempFile(folder, "regular", "");
        Files.write(content, Base64.getDecoder().decode(value.path("content").asText()));
        model.add(path, content, false);
      } else if (step.path("key").asText().equals("lfsFile")) {
        Path content = folder.resolve(value.path("oid").asText());
        model.add(path, content, true);
        if (!model.files.get(path).sha256().equals(value.path("oid").asText())) {
          refuse(exchange, 400, "", "the hash is wrong");
          return;
        }
      }
    }
    json(
        exchange,
        200,
        JSON.createObjectNode()
            .put("success", true)
            .put("commitOid", model.commit())
            .put("commitUrl", address() + "/" + id + "/commit/" + model.commit())
            .put("hookOutput", ""));
  }

  private static void json(HttpExchange exchange, int status, JsonNode body) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json; charset=utf-8");
    byte[] bytes = JSON.writeValueAsBytes(body);
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  static void refuse(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    if (!code.isEmpty()) {
      exchange.getResponseHeaders().set("X-Error-Code", code);
    }
    exchange.getResponseHeaders().set("X-Error-Message", message);
    exchange.sendResponseHeaders(status, -1);
  }

  /** Requests whose line contains a text. */
  List<String> requests(String part) {
    return requests.stream().filter(line -> line.contains(part)).collect(Collectors.toList());
  }

  @Override
  public void close() {
    hub.stop(0);
    storage.stop(0);
  }

  /** Serves a folder until it is killed: FOLDER OWNER/NAME [MB a second [share that is cut]]. */
  public static void main(String[] arguments) throws Exception {
    TestHub hub = new TestHub(Files.createTempDirectory("hub"));
    hub.add(arguments[1], Path.of(arguments[0]));
    hub.rate = arguments.length > 2 ? 1e6 * Double.parseDouble(arguments[2]) : 0;
    hub.cut = arguments.length > 3 ? Double.parseDouble(arguments[3]) : 0;
    System.out.println(hub.address());
    Thread.sleep(Long.MAX_VALUE);
  }
}
