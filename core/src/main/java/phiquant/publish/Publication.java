package phiquant.publish;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * A file or folder that appears whole or not at all. It grows in a {@link PartialFolder} beside its
 * destination and gets its name in one step. What was there before stays until then, and for good
 * unless it may be overwritten. All that phiquant writes for its user is written so.
 */
public final class Publication implements AutoCloseable {
  private static final String NEW = "new";
  private static final String OLD = "old";

  private final Path destination;
  private final boolean overwrite;
  private final BiPredicate<Path, Path> swap;
  private final List<Path> foldersMade = new ArrayList<>();
  private final List<String> notices = new ArrayList<>();
  private PartialFolder place;
  private boolean ended;

  private Publication(Path destination, boolean overwrite, BiPredicate<Path, Path> swap) {
    this.destination = destination;
    this.overwrite = overwrite;
    this.swap = swap;
  }

  /**
   * Takes the place for what will be published, and clears away what a dead run left there.
   *
   * @throws UserError if the destination exists and may not be overwritten, if another run is
   *     writing it, or if it cannot be written
   */
  public static Publication begin(Path destination, boolean overwrite) {
    return begin(destination, overwrite, AtomicSwap::swap);
  }

  static Publication begin(Path destination, boolean overwrite, BiPredicate<Path, Path> swap) {
    Publication publication = new Publication(destination, overwrite, swap);
    try {
      publication.takePlace();
      return publication;
    } catch (IOException e) {
      publication.close();
      throw cannotWrite(destination, e);
    } catch (RuntimeException e) {
      publication.close();
      throw e;
    }
  }

  /** Publishes a text as a file; into a pipe or a device it is just written. */
  public static void write(Path destination, String text, boolean overwrite) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (Files.exists(destination)
        && !Files.isRegularFile(destination)
        && !Files.isDirectory(destination)) {
      try {
        Files.write(destination, bytes);
      } catch (IOException e) {
        throw cannotWrite(destination, e);
      }
      return;
    }
    try (Publication publication = begin(destination, overwrite)) {
      publication.publish(bytes);
    }
  }

  /**
   * Writes it as a file and gives it its name.
   *
   * @throws UserError if it cannot be written, or if something else has got that name meanwhile
   */
  public void publish(byte[] bytes) {
    try {
      Files.write(path(), bytes);
      try (FileChannel file = FileChannel.open(path(), StandardOpenOption.WRITE)) {
        file.force(true);
      }
      publish();
    } catch (IOException e) {
      throw cannotWrite(destination, e);
    }
  }

  /**
   * Refuses what exists already, before long work begins whose result it would get.
   *
   * @throws UserError if there is a file or folder and it may not be overwritten
   */
  public static void check(Path destination, boolean overwrite) {
    boolean loses = Files.isRegularFile(destination) || Files.isDirectory(destination);
    if (loses && !overwrite) {
      throw exists(destination);
    }
  }

  private void takePlace() throws IOException {
    Path parent = destination.toAbsolutePath().getParent();
    Path folder = parent.resolve("." + destination.getFileName() + ".partial");
    if (!Files.exists(folder)) {
      refuseExisting();
    }
    makeFolders(parent);
    place =
        PartialFolder.take(folder)
            .orElseThrow(
                () -> new UserError(destination + " is being written by another run just now."));
    recover();
    refuseExisting();
  }

  private void refuseExisting() {
    if (!overwrite && exists()) {
      throw exists(destination);
    }
  }

  private boolean exists() {
    return Files.exists(destination, LinkOption.NOFOLLOW_LINKS);
  }

  private static UserError exists(Path destination) {
    return new UserError(
        destination + " exists already.", "Give --overwrite to replace it, or another output.");
  }

  private void makeFolders(Path folder) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path at = folder; at != null && !Files.exists(at); at = at.getParent()) {
      missing.add(at);
    }
    foldersMade.addAll(missing);
    Files.createDirectories(folder);
  }

  /** Brings back what a run was killed over while it replaced it, and removes what it had made. */
  private void recover() throws IOException {
    Path old = place.resolve(OLD);
    if (Files.exists(old, LinkOption.NOFOLLOW_LINKS)) {
      if (exists()) {
        PartialFolder.delete(old);
      } else {
        move(old, destination);
        notices.add(
            destination
                + " is back: a run was killed while it replaced it, and the old one was kept.");
      }
    }
    if (Files.exists(path(), LinkOption.NOFOLLOW_LINKS)) {
      PartialFolder.delete(path());
      notices.add("removed what a run that was killed had left of " + destination + ".");
    }
  }

  /** Where the file or folder is to be made. */
  public Path path() {
    return place.resolve(NEW);
  }

  /** What was found of a dead run, in a sentence each. */
  public List<String> notices() {
    return List.copyOf(notices);
  }

  /**
   * Gives it its name. The files must be synced.
   *
   * @throws UserError if something else has got that name meanwhile, and may not be overwritten
   */
  public synchronized void publish() throws IOException {
    if (ended) {
      throw new UserError("The run was interrupted; nothing was left behind.");
    }
    syncFolders(path());
    try {
      if (overwrite) {
        replace();
      } else {
        appear();
      }
    } catch (IOException e) {
      refuseExisting();
      throw e;
    }
    ended = true;
    sync(destination.toAbsolutePath().getParent());
    try {
      place.close();
    } catch (IOException e) {
      // It is published. What could not be removed is removed by the next run.
    }
  }

  /**
   * A file gets a second name, which fails if it is taken. A folder is renamed, which fails unless
   * an empty folder has the name.
   */
  private void appear() throws IOException {
    if (!Files.isDirectory(path())) {
      try {
        Files.createLink(destination, path());
        return;
      } catch (FileAlreadyExistsException e) {
        throw e;
      } catch (IOException | UnsupportedOperationException e) {
        // A file system without links: between the look and the step there is a moment.
      }
    }
    Files.move(path(), destination);
  }

  private void replace() throws IOException {
    boolean folders =
        Files.isDirectory(path()) || Files.isDirectory(destination, LinkOption.NOFOLLOW_LINKS);
    if (!folders || !exists()) {
      move(path(), destination);
    } else if (!swap.test(path().toAbsolutePath(), destination.toAbsolutePath())) {
      Path old = place.resolve(OLD);
      move(destination, old);
      try {
        move(path(), destination);
      } catch (IOException e) {
        move(old, destination);
        throw e;
      }
    }
  }

  private static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void syncFolders(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      try (Stream<Path> all = Files.walk(path)) {
        all.filter(Files::isDirectory).forEach(Publication::sync);
      }
    }
  }

  /** Brings a folder's names to the disk, where the system knows how. */
  private static void sync(Path folder) {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows does not open folders. What a name stands for is synced anyway.
    }
  }

  /** Removes what is not published. */
  @Override
  public synchronized void close() {
    if (ended) {
      return;
    }
    ended = true;
    try {
      if (place != null) {
        place.close();
      }
      for (Path folder : foldersMade) {
        try (Stream<Path> inside = Files.list(folder)) {
          if (inside.findAny().isPresent()) {
            return;
          }
        }
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      // What could not be written may be impossible to remove as well; the next run tries again.
    }
  }

  /** Says why a destination cannot be written. */
  public static UserError cannotWrite(Path destination, IOException e) {
    String reason = e.getMessage() == null ? e.toString() : e.getMessage();
    if (reason.contains("No space left")) {
      return new UserError(destination + ": the disk is full; nothing was left behind.", e);
    }
    if (e instanceof FileAlreadyExistsException) {
      reason += " is a file, not a folder";
    }
    return new UserError(destination + " cannot be written: " + reason + ".", e);
  }
}
