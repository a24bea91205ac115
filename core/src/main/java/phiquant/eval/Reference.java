package phiquant.eval;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import phiquant.UserError;

/**
 * The original's predictions of every token, as logarithms of probabilities in a file of
 * little-endian floats, {@code [predicted tokens][vocabulary]}. It is read, not mapped, so that it
 * does not count as memory that the model takes.
 */
final class Reference implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final ByteBuffer buffer;

  private Reference(Path file, int predicted, int vocabulary) {
    this.file = file;
    this.buffer = buffer(vocabulary);
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      if (channel.size() != 4L * predicted * vocabulary) {
        channel.close();
        throw new UserError(file + " is damaged.", "Delete it; it is made again.");
      }
    } catch (IOException e) {
      throw cannotRead(e);
    }
  }

  private static ByteBuffer buffer(int vocabulary) {
    return ByteBuffer.allocateDirect(4 * vocabulary).order(ByteOrder.LITTLE_ENDIAN);
  }

  private UserError cannotRead(IOException e) {
    return new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
  }

  static Reference open(Path file, int predicted, int vocabulary) {
    return new Reference(file, predicted, vocabulary);
  }

  /** The prediction of that token, into {@code out}. */
  void read(int token, float[] out) {
    buffer.clear();
    long at = (long) token * buffer.capacity();
    try {
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, at + buffer.position()) < 0) {
          throw new UserError(file + " has become shorter while it was in use.");
        }
      }
    } catch (IOException e) {
      throw cannotRead(e);
    }
    buffer.flip();
    buffer.asFloatBuffer().get(out);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw cannotRead(e);
    }
  }

  /** Writes such a file, which appears when it is complete. */
  static final class Writer implements AutoCloseable {
    private final Path file;
    private final Path partial;
    private final FileChannel channel;
    private final ByteBuffer buffer;

    Writer(Path file, int vocabulary) {
      this.file = file;
      this.buffer = buffer(vocabulary);
      try {
        partial = ReferenceCache.partial(file);
        channel = FileChannel.open(partial, StandardOpenOption.WRITE);
      } catch (IOException e) {
        throw cannotWrite(e);
      }
    }

    void write(float[] logarithms) {
      buffer.clear();
      buffer.asFloatBuffer().put(logarithms);
      try {
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
      } catch (IOException e) {
        throw cannotWrite(e);
      }
    }

    void complete() {
      try {
        channel.close();
        Files.move(
            partial, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw cannotWrite(e);
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
        Files.deleteIfExists(partial);
      } catch (IOException e) {
        throw cannotWrite(e);
      }
    }

    private UserError cannotWrite(IOException e) {
      return new UserError(file + " cannot be written: " + e.getMessage() + ".", e);
    }
  }
}
