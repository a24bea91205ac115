package phiquant.spark;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.hadoop.fs.EtagSource;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import phiquant.UserError;
import phiquant.checkpoint.RangedFiles;

/**
 * A checkpoint's files in a store that Hadoop's FileSystem reaches. They are asked for in blocks,
 * the one that follows before it is needed, since a request to a store waits much longer than a run
 * of rows takes to encode; a few blocks stay for the next rows.
 */
final class HadoopFiles implements RangedFiles {
  /** Long enough for a connection to come to speed. */
  private static final int BLOCK = 8 << 20;

  /** Weights are never read whole. */
  private static final long LARGEST = 256 << 20;

  private final StorePath folder;
  private final FileSystem store;
  private final Map<String, FileStatus> files;
  private final String stamp;
  private final ExecutorService fetching = Executors.newVirtualThreadPerTaskExecutor();
  private final int kept = 4 * Runtime.getRuntime().availableProcessors();
  private final Map<Block, CompletableFuture<byte[]>> blocks = new LinkedHashMap<>(16, 0.75f, true);

  private record Block(String file, long number) {}

  /**
   * Lists the folder.
   *
   * @throws UserError if it cannot be listed
   */
  HadoopFiles(StorePath folder) {
    this.folder = folder;
    this.store = folder.store();
    this.files = list();
    this.stamp = stamp(files);
  }

  private Map<String, FileStatus> list() {
    try {
      Map<String, FileStatus> files = new TreeMap<>();
      for (FileStatus status : store.listStatus(folder.path())) {
        if (status.isFile()) {
          files.put(status.getPath().getName(), status);
        }
      }
      return files;
    } catch (FileNotFoundException e) {
      throw new UserError(folder + " does not exist.");
    } catch (IOException | RuntimeException e) {
      throw folder.failed(e);
    }
  }

  private static String stamp(Map<String, FileStatus> files) {
    StringBuilder text = new StringBuilder();
    files.forEach(
        (name, status) ->
            text.append("%s %d %s\n".formatted(name, status.getLen(), version(status))));
    return text.toString();
  }

  /** What tells a file from another of its name and size. */
  static String version(FileStatus status) {
    String etag = status instanceof EtagSource source ? source.getEtag() : null;
    return etag == null ? "" + status.getModificationTime() : etag;
  }

  @Override
  public Path path() {
    return Path.of(folder.address());
  }

  @Override
  public Set<String> names() {
    return files.keySet();
  }

  @Override
  public long size(String name) {
    return files.get(name).getLen();
  }

  @Override
  public Optional<byte[]> read(String name) {
    if (!files.containsKey(name)) {
      return Optional.empty();
    }
    if (size(name) > LARGEST) {
      throw new UserError(
          "%s has %,d MB, too large to be what it is read as."
              .formatted(folder.resolve(name), size(name) / 1_000_000));
    }
    byte[] bytes = new byte[(int) size(name)];
    fetch(name, 0, bytes);
    return Optional.of(bytes);
  }

  @Override
  public void read(String name, long from, byte[] into) {
    int done = 0;
    while (done < into.length) {
      long at = from + done;
      byte[] block = block(new Block(name, at / BLOCK));
      int within = (int) (at % BLOCK);
      int count = Math.min(into.length - done, block.length - within);
      System.arraycopy(block, within, into, done, count);
      done += count;
    }
  }

  private byte[] block(Block wanted) {
    CompletableFuture<byte[]> coming;
    synchronized (blocks) {
      coming = blocks.computeIfAbsent(wanted, this::begin);
      Block next = new Block(wanted.file(), wanted.number() + 1);
      if (next.number() * BLOCK < size(next.file())) {
        blocks.computeIfAbsent(next, this::begin);
      }
      while (blocks.size() > kept) {
        blocks.remove(blocks.keySet().iterator().next());
      }
    }
    try {
      return coming.join();
    } catch (CompletionException e) {
      synchronized (blocks) {
        blocks.remove(wanted, coming); // Perhaps it can be got the next time.
      }
      throw e.getCause() instanceof UserError told ? told : e;
    }
  }

  private CompletableFuture<byte[]> begin(Block block) {
    return CompletableFuture.supplyAsync(
        () -> {
          long from = block.number() * BLOCK;
          byte[] bytes = new byte[(int) Math.min(BLOCK, size(block.file()) - from)];
          fetch(block.file(), from, bytes);
          return bytes;
        },
        fetching);
  }

  private void fetch(String name, long from, byte[] into) {
    // The status that was listed makes the store refuse another version of the file.
    try (FSDataInputStream in =
        store
            .openFile(files.get(name).getPath())
            .opt("fs.option.openfile.read.policy", "random")
            .withFileStatus(files.get(name))
            .build()
            .join()) {
      in.readFully(from, into);
    } catch (IOException | RuntimeException e) {
      requireUnchanged();
      throw folder.resolve(name).failed(e);
    }
  }

  @Override
  public String stamp() {
    return stamp;
  }

  @Override
  public void requireUnchanged() {
    if (!stamp(list()).equals(stamp)) {
      throw new UserError(
          folder + " was changed while it was read.", "Start again, and leave it alone meanwhile.");
    }
  }

  @Override
  public void close() {
    fetching.shutdownNow(); // The store is common to all who ask it.
  }
}
