package phiquant.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import phiquant.UserError;

/**
 * An address in a store that Hadoop's FileSystem reaches: {@code s3a://bucket/models/phi}, {@code
 * hdfs://name:8020/models}, {@code abfs://…}. The command line's paths have lost one of its
 * slashes, which is put back here.
 *
 * @param address as Hadoop writes it
 */
record StorePath(String address) {
  /** Two letters or more: one is a disk of Windows. */
  private static final Pattern KIND = Pattern.compile("([a-zA-Z][a-zA-Z0-9+.-]+):/+(.+)");

  /** If a path is one. */
  static Optional<StorePath> of(Path path) {
    return of(path.toString().replace('\\', '/'));
  }

  /** The same of what a person has written. */
  static Optional<StorePath> of(String text) {
    Matcher kind = KIND.matcher(text);
    if (!kind.matches()) {
      return Optional.empty();
    }
    // Files of the machine, through Hadoop, have no host.
    String slashes = kind.group(1).equals("file") ? ":///" : "://";
    return Optional.of(new StorePath(kind.group(1) + slashes + kind.group(2)));
  }

  /** The store, as this process's Spark is configured for it; common to all who ask. */
  FileSystem store() {
    try {
      return path().getFileSystem(configuration());
    } catch (IOException | RuntimeException e) {
      throw failed(e);
    }
  }

  private static Configuration configuration() {
    SparkEnv here = SparkEnv.get();
    return here == null
        ? SparkHadoopUtil.get().conf()
        : SparkHadoopUtil.get().newConfiguration(here.conf());
  }

  org.apache.hadoop.fs.Path path() {
    return new org.apache.hadoop.fs.Path(address);
  }

  StorePath resolve(String name) {
    return new StorePath(address + "/" + name);
  }

  /** Its last name. */
  String name() {
    return address.substring(address.lastIndexOf('/') + 1);
  }

  /** That of the folder which it is in. */
  StorePath parent() {
    return new StorePath(address.substring(0, address.lastIndexOf('/')));
  }

  /** What a store's failure means, in a line. */
  UserError failed(Exception e) {
    String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    String first = why.lines().findFirst().orElse(why);
    return new UserError("%s cannot be reached: %s".formatted(address, first), e);
  }

  @Override
  public String toString() {
    return address;
  }
}
