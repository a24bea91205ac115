package phiquant.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import phiquant.UserError;

/**
 * Downloads a model into the cache, as huggingface_hub lays it out, so that it and all that build
 * on it find the files there. Each file appears whole, with the right hash, or not at all; what is
 * there already is not fetched again. Weights in other formats are left out.
 */
final class Keep {
  private static final Pattern OTHER_FORMATS =
      Pattern.compile(
          ".*\\.(bin|pt|pth|ckpt|h5|msgpack|ot|onnx|onnx[._]data|gguf|tflite|npz|zip|gz)");

  /** The text by which backup programs know a cache (bford.info/cachedir). */
  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file is a cache directory tag created by phiquant, for Hugging Face's cache.
      # For information about cache directory tags see https://bford.info/cachedir/
      """;

  private final Hub hub;
  private final HubModel model;
  private final HubCacheFolder cache;
  private final DownloadProgress progress;

  Keep(Hub hub, HubModel model, DownloadProgress progress) {
    this.hub = hub;
    this.model = model;
    this.cache = HubCacheFolder.of(hub.settings(), model.name());
    this.progress = progress;
  }

  /**
   * Does it.
   *
   * @return the folder of the snapshot
   * @throws UserError if a file cannot be got or written
   */
  Path run() {
    model.requireWeights();
    try {
      Path blobs = Files.createDirectories(cache.folder().resolve("blobs"));
      List<HubFile> missing = new ArrayList<>();
      for (HubFile file : model.files().values()) {
        if (isWanted(file) && !link(file)) {
          missing.add(file);
        }
      }
      requireSpace(blobs, missing.stream().mapToLong(HubFile::size).sum());
      fetch(blobs, missing);
      describe();
      return cache.snapshot(model.commit());
    } catch (IOException e) {
      throw cannotWrite(cache.folder(), e);
    }
  }

  private static boolean isWanted(HubFile file) {
    boolean large = file.sha256().isPresent();
    return !large || !file.isWithin() && !OTHER_FORMATS.matcher(file.path()).matches();
  }

  private Path blob(HubFile file) {
    return cache.folder().resolve("blobs").resolve(file.etag());
  }

  /** Makes the snapshot's link if the file is there; false if it is not. */
  private boolean link(HubFile file) throws IOException {
    Path pointer = cache.snapshot(model.commit()).resolve(file.path());
    if (isWhole(pointer, file)) {
      return true;
    }
    if (!isWhole(blob(file), file)) {
      return false;
    }
    Files.createDirectories(pointer.getParent());
    Files.deleteIfExists(pointer);
    try {
      Files.createSymbolicLink(pointer, pointer.getParent().relativize(blob(file)));
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(blob(file), pointer); // Windows, for who may not make links.
    }
    return true;
  }

  private static boolean isWhole(Path path, HubFile file) throws IOException {
    return Files.isRegularFile(path) && Files.size(path) == file.size();
  }

  private static void requireSpace(Path folder, long bytes) throws IOException {
    long left = Files.getFileStore(folder).getUsableSpace();
    if (left < bytes) {
      throw new UserError(
          "%s: its disk has %,d MB left, %,d MB are needed."
              .formatted(folder, left / 1_000_000, Math.ceilDiv(bytes, 1_000_000L)));
    }
  }

  /** All that is missing, as one stream, so that small files wait for nothing. */
  private void fetch(Path blobs, List<HubFile> missing) throws IOException {
    List<Download> downloads = new ArrayList<>();
    for (HubFile file : missing) {
      if (file.size() > 0) {
        downloads.add(new Download(hub, model.name(), model.commit(), file));
      } else {
        Files.write(blob(file), new byte[0]);
        link(file);
      }
    }
    progress.begin(missing.stream().mapToLong(HubFile::size).sum());
    try (Feed feed = new Feed(model.name())) {
      Map<Download, Long> places = new LinkedHashMap<>();
      downloads.forEach(download -> places.put(download, feed.add(download)));
      feed.begin(0);
      for (Download download : downloads) {
        String unique = UUID.randomUUID().toString().substring(0, 8);
        Path partial = blobs.resolve(download.file().etag() + "." + unique + ".incomplete");
        partial.toFile().deleteOnExit();
        try {
          write(feed, places.get(download), download, partial);
          Files.move(partial, blob(download.file()), StandardCopyOption.ATOMIC_MOVE);
        } finally {
          Files.deleteIfExists(partial);
        }
        link(download.file());
      }
      feed.requireWhole();
    } finally {
      progress.end();
    }
  }

  private void write(Feed feed, long begin, Download download, Path partial) throws IOException {
    long size = download.file().size();
    try (FileChannel out =
        FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      MemorySegment part = MemorySegment.ofArray(new byte[(int) Math.min(size, Feed.PART)]);
      for (long at = 0; at < size; at += Feed.PART) {
        MemorySegment some = part.asSlice(0, Math.min(size - at, Feed.PART));
        feed.read(begin + at, some);
        feed.passed(begin + at + some.byteSize());
        var bytes = some.asByteBuffer();
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        progress.advance(some.byteSize());
      }
      feed.requireHashed(begin + size);
    } catch (IOException e) {
      throw cannotWrite(partial, e);
    }
  }

  /** What is there beside the files: the commit of the revision, its listing, the cache's mark. */
  private void describe() throws IOException {
    if (!model.name().isCommit()) {
      replace(cache.folder().resolve("refs").resolve(model.name().revision()), model.commit());
    }
    replace(cache.folder().resolve("trees").resolve(model.commit() + ".json"), tree());
    Path tag = cache.folder().resolveSibling("CACHEDIR.TAG");
    if (!Files.exists(tag)) {
      replace(tag, TAG);
    }
  }

  private String tree() {
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("format_version", 1);
    ObjectNode files = json.putObject("files");
    for (HubFile file : model.files().values()) {
      ObjectNode entry = files.putObject(file.path());
      entry.put("size", file.size()).put("blob_id", file.blob());
      file.sha256().ifPresent(hash -> entry.put("lfs_sha256", hash).put("lfs_size", file.size()));
      file.xetHash().ifPresent(hash -> entry.put("xet_hash", hash));
    }
    return json.toPrettyString();
  }

  /** So that whoever reads it meanwhile reads one or the other. */
  private static void replace(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Path partial = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.write(partial, text.getBytes(StandardCharsets.UTF_8));
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(partial);
    }
  }

  private static UserError cannotWrite(Path path, IOException e) {
    String reason = e instanceof FileSystemException system ? system.getReason() : e.getMessage();
    return new UserError(
        "%s cannot be written: %s.".formatted(path, reason == null ? "it is refused" : reason), e);
  }
}
