package phiquant.checkpoint;

import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * A checkpoint's files in a store where any bytes of a file can be asked for, but none be mapped:
 * an object store, say. What kinds of stores there are is known to whoever brings a {@link Store}.
 */
public interface RangedFiles extends CheckpointFiles, AutoCloseable {
  /** Bytes of a file. */
  long size(String name);

  /**
   * Some bytes, which the file has. Thread-safe; who reads on asks for what follows.
   *
   * @throws phiquant.UserError if they cannot be got, or the file has changed
   */
  void read(String name, long from, byte[] into);

  /** What tells the files from others of the same names, later ones included. */
  String stamp();

  /**
   * Checks that the files are what they were.
   *
   * @throws phiquant.UserError naming one that is not
   */
  void requireUnchanged();

  @Override
  void close();

  /** Knows stores of a kind, and is found as a service. */
  interface Store {
    /** The files of a folder, if its address is of this kind: {@code s3a://bucket/model}. */
    Optional<RangedFiles> folder(Path address);
  }

  /** The files at an address, if any store knows its kind. */
  static Optional<RangedFiles> at(Path address) {
    // Of the loader that has this class: a cluster loads what it runs apart from itself.
    return ServiceLoader.load(Store.class, Store.class.getClassLoader()).stream()
        .flatMap(store -> store.get().folder(address).stream())
        .findFirst();
  }
}
