package phiquant.hub;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.hub.transport.Ask;
import phiquant.hub.transport.HubRefusals;
import phiquant.hub.transport.Retries;
import phiquant.hub.transport.Sink;
import phiquant.hub.transport.Transport;

/**
 * Any parts of one file of the hub, by ranged requests. The hub sends on to where it stores large
 * files; that address is asked directly until it expires. What is cut off goes on where it ended,
 * and a file that becomes another between two requests ends the run.
 */
final class Download {
  private final Hub hub;
  private final HubName model;
  private final String commit;
  private final HubFile file;
  private final URI address;
  private final AtomicReference<URI> stored = new AtomicReference<>();
  private final AtomicReference<String> seen = new AtomicReference<>();

  Download(Hub hub, HubName model, String commit, HubFile file) {
    this.hub = hub;
    this.model = model;
    this.commit = commit;
    this.file = file;
    this.address = hub.address("/" + model.id() + "/resolve/" + commit + "/" + file.path());
  }

  HubFile file() {
    return file;
  }

  /** The whole of a small file, of which the hash is right. */
  byte[] all() {
    byte[] bytes = new byte[Math.toIntExact(file.size())];
    MemorySegment whole = MemorySegment.ofArray(bytes);
    range(0, whole);
    ContentHash hash = new ContentHash(file);
    hash.update(whole);
    hash.check(model);
    return bytes;
  }

  /** Some bytes, which the file has. */
  byte[] bytes(long from, int count) {
    MemorySegment some = MemorySegment.ofArray(new byte[count]);
    range(from, some);
    return some.toArray(JAVA_BYTE);
  }

  /**
   * Fills memory with the file's bytes from a place on. Thread-safe.
   *
   * @throws UserError if they cannot be got, or the file has changed
   */
  void range(long from, MemorySegment into) {
    if (into.byteSize() > 0) {
      hub.retries().run(model + ": " + file.path(), new Range(from, into));
    }
  }

  private final class Range implements Retries.Attempt<Void> {
    private final long from;
    private final MemorySegment into;
    private long got;
    private boolean gotOn;

    Range(long from, MemorySegment into) {
      this.from = from;
      this.into = into;
    }

    @Override
    public boolean gotOn() {
      return gotOn;
    }

    @Override
    public Void run() throws IOException {
      while (got < into.byteSize()) {
        gotOn = false;
        ask();
      }
      return null;
    }

    private void ask() throws IOException {
      URI known = stored.get();
      long begin = from + got;
      boolean whole = begin == 0 && into.byteSize() == file.size();
      Ask ask = Ask.get(model + ": " + file.path(), known == null ? address : known);
      if (!whole) {
        ask = ask.with("Range", "bytes=" + begin + "-" + (from + into.byteSize() - 1));
      }
      Sink sink = Sink.into(into.asSlice(got), info -> fault(info, begin, whole));
      Transport.Reply reply;
      try {
        reply = hub.transport().exchange(ask, sink);
      } finally {
        got += sink.received();
        gotOn = sink.received() > 0;
      }
      check(ask, reply, sink, known);
    }

    private void check(Ask ask, Transport.Reply reply, Sink sink, URI known) throws IOException {
      // The storage refuses an address that has expired; what the hub itself refuses stays so.
      boolean isStorage = known != null || !reply.before().isEmpty();
      boolean expired = isStorage && reply.status() >= 400 && reply.status() < 500;
      if (expired || Retries.Busy.is(reply.status())) {
        stored.set(null);
        throw new Retries.Busy(reply);
      }
      if (!reply.isGood()) {
        throw HubRefusals.of(ask, reply, hub.settings().token());
      }
      requireSame(reply);
      sink.check();
      if (sink.received() == 0) {
        throw new IOException("an answer has no bytes");
      }
      if (!reply.before().isEmpty()) {
        stored.set(reply.address());
      }
    }

    /** What is wrong with the part that is about to come. */
    private Optional<String> fault(HttpResponse.ResponseInfo info, long begin, boolean whole) {
      if (info.statusCode() == 200) {
        return whole
            ? Optional.empty()
            : Optional.of("the whole file comes where a part of it was asked for");
      }
      String stated = info.headers().firstValue("Content-Range").orElse("");
      return stated.matches("bytes " + begin + "-\\d+/(" + file.size() + "|\\*)")
          ? Optional.empty()
          : Optional.of("another part comes than was asked for (" + printable(stated) + ")");
    }
  }

  /** What the hub and its storage say of the file must be what the listing says, every time. */
  private void requireSame(Transport.Reply reply) {
    for (HttpHeaders headers :
        Stream.concat(reply.before().stream(), Stream.of(reply.headers())).toList()) {
      boolean other =
          isOther(headers, "X-Linked-Etag", file.etag())
              || isOther(headers, "X-Repo-Commit", commit);
      if (other) {
        throw changed();
      }
    }
    String etag = reply.headers().firstValue("ETag").map(Download::bare).orElse("");
    String before = seen.compareAndExchange(null, etag);
    if (before != null && !before.equals(etag)) {
      throw changed();
    }
  }

  private static boolean isOther(HttpHeaders headers, String name, String expected) {
    return headers
        .firstValue(name)
        .map(Download::bare)
        .filter(e -> !e.equals(expected))
        .isPresent();
  }

  private static String bare(String etag) {
    return etag.replaceFirst("^W/", "").replace("\"", "");
  }

  private static String printable(String text) {
    String shown = text.replaceAll("[^\\x20-\\x7e]", "?");
    return shown.substring(0, Math.min(60, shown.length()));
  }

  private UserError changed() {
    return new UserError(
        "%s: %s was changed on the hub while it was read.".formatted(model, file.path()),
        "Try again.");
  }
}
