package phiquant.publish;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * A hidden folder beside a destination, in which what will stand there grows. One run at a time has
 * it, by a lock on a file in it. The system takes that lock away when the run ends, however it
 * ends, and every process of the machine sees it, in whichever container: what lies in a workplace
 * whose lock is free belongs to a dead run. (A process number would not tell: each container counts
 * its own.)
 */
final class PartialFolder implements AutoCloseable {
  /** Where it has no meaning for the bytes of the file, since on Windows nobody may write there. */
  private static final long LOCKED = Long.MAX_VALUE - 1;

  /** Those of this process, which the system's locks do not keep apart. */
  private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

  private final Path folder;
  private final Path key;
  private final FileChannel lock;

  private PartialFolder(Path folder, Path key, FileChannel lock) {
    this.folder = folder;
    this.key = key;
    this.lock = lock;
  }

  /** The workplace, which may hold what a dead run left; or nothing if another run has it. */
  static Optional<PartialFolder> take(Path folder) throws IOException {
    Path key = folder.getParent().toRealPath().resolve(folder.getFileName());
    if (!OURS.add(key)) {
      return Optional.empty();
    }
    FileChannel lock = null;
    try {
      lock = lock(folder);
    } finally {
      if (lock == null) {
        OURS.remove(key);
      }
    }
    return Optional.ofNullable(lock).map(held -> new PartialFolder(folder, key, held));
  }

  private static FileChannel lock(Path folder) throws IOException {
    Path file = folder.resolve("lock");
    while (true) {
      boolean made = makeFolder(folder);
      FileChannel channel;
      try {
        channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      } catch (NoSuchFileException e) {
        continue; // Its last run has just removed it.
      }
      boolean held = false;
      try {
        if (!locked(channel, folder, made)) {
          return null;
        }
        held = isStill(file, channel);
        if (held) {
          return channel;
        }
      } finally {
        if (!held) {
          channel.close();
        }
      }
    }
  }

  private static boolean makeFolder(Path folder) throws IOException {
    try {
      Files.createDirectory(folder);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      return false;
    }
  }

  /** Some network file systems have no locks; then only who makes the folder may have it. */
  private static boolean locked(FileChannel channel, Path folder, boolean made) {
    try {
      return channel.tryLock(LOCKED, 1, false) != null;
    } catch (IOException e) {
      if (made) {
        return true;
      }
      throw new UserError(
          folder + " is there, and its file system has no locks that tell whose it is.",
          "Delete it if no other run is writing.");
    }
  }

  /**
   * Whether the locked file still has its name: the last run may have removed it between opening
   * and locking, and a third one made another. It gets a length that no other has.
   */
  private static boolean isStill(Path file, FileChannel channel) throws IOException {
    int length = ThreadLocalRandom.current().nextInt(1, 1 << 16);
    channel.truncate(0);
    channel.write(ByteBuffer.allocate(1), length - 1);
    try {
      return Files.size(file) == length;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** A place in it, under that name. */
  Path resolve(String name) {
    return folder.resolve(name);
  }

  /** Gives it up, with all that is in it. */
  @Override
  public void close() throws IOException {
    try {
      for (Path each : content()) {
        delete(each);
      }
      // The lock last, so that nobody takes a workplace that is being cleared.
      Files.deleteIfExists(folder.resolve("lock"));
      Files.deleteIfExists(folder);
    } catch (java.nio.file.DirectoryNotEmptyException e) {
      // Another run has it already.
    } finally {
      lock.close();
      OURS.remove(key);
    }
  }

  private List<Path> content() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> !path.endsWith("lock")).toList();
    }
  }

  /** Deletes a file, or a folder with all that is in it; links are not followed. */
  static void delete(Path path) throws IOException {
    try (Stream<Path> found = Files.walk(path)) {
      for (Path each : found.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(each);
      }
    } catch (NoSuchFileException e) {
      // Gone already, which is what was wanted.
    }
  }
}
