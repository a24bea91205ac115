package phiquant.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * The program's standard output and error. The JDK's own stream swallows failures: a command whose
 * output went to a full disk would end well. This one keeps the first failure, for the exit code.
 */
final class StandardStreams {
  private StandardStreams() {}

  /** Standard output from here on. */
  static final class Output extends OutputStream {
    private final OutputStream to;
    private IOException failure;

    private Output(OutputStream to) {
      this.to = to;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    /** After a failure nothing more is written: what follows a gap says something else. */
    @Override
    public synchronized void write(byte[] bytes, int from, int count) throws IOException {
      if (failure != null) {
        throw failure;
      }
      try {
        to.write(bytes, from, count);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }

    /** Why not all was written, or null. */
    synchronized IOException failure() {
      System.out.flush();
      return failure;
    }
  }

  /** Sets {@link System#out} and {@link System#err}. */
  static Output open() {
    Output out = new Output(new FileOutputStream(FileDescriptor.out));
    Charset charset = charset("stdout.encoding");
    System.setOut(new PrintStream(new BufferedOutputStream(out, 8192), true, charset));
    FileDescriptor real = launchersError();
    if (real != null) {
      System.setErr(new PrintStream(new FileOutputStream(real), true, charset("stderr.encoding")));
    }
    return out;
  }

  private static Charset charset(String property) {
    return Charset.forName(System.getProperty(property), StandardCharsets.UTF_8);
  }

  /**
   * The launcher keeps the JVM's own messages apart from ours, and says under which number the real
   * standard error is open. Only the JDK itself makes descriptors from numbers; the jar's manifest
   * opens that class to us.
   */
  private static FileDescriptor launchersError() {
    Integer number = Integer.getInteger("phiquant.stderr");
    try {
      Constructor<FileDescriptor> of = FileDescriptor.class.getDeclaredConstructor(int.class);
      of.setAccessible(true);
      return number == null ? null : of.newInstance(number);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null; // Another JDK: the launcher's filter passes our lines on, too.
    }
  }
}
