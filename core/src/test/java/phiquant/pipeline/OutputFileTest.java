package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file holds what was written to it, by whichever way and in whichever order the pieces came. */
class OutputFileTest {
  @TempDir private Path folder;

  @Test
  void piecesThatBeginAndEndAnywhereMeet() throws IOException {
    assertThat(written(true, OutputFile.LARGE)).isTrue();
  }

  @Test
  void memoryThatDoesNotFitTheDiskIsWrittenToo() throws IOException {
    assertThat(written(false, OutputFile.LARGE)).isTrue();
  }

  @Test
  void smallFilesAreWrittenToo() throws IOException {
    assertThat(written(true, 5_000_001)).isTrue();
  }

  /** Cuts a file into pieces of 1 to 300,000 bytes and writes them from several threads. */
  private boolean written(boolean placed, long announced) throws IOException {
    Random random = new Random(7);
    byte[] expected = new byte[5_000_001];
    random.nextBytes(expected);
    List<int[]> pieces = new ArrayList<>();
    for (int at = 0; at < expected.length; ) {
      int size = Math.min(expected.length - at, 1 + random.nextInt(300_000));
      pieces.add(new int[] {at, size});
      at += size;
    }
    Collections.shuffle(pieces, random);
    Path path = folder.resolve("file");
    try (OutputFile file = OutputFile.create(path, announced)) {
      pieces.parallelStream().forEach(piece -> write(file, expected, piece[0], piece[1], placed));
      file.sync(true);
    }
    return java.util.Arrays.equals(Files.readAllBytes(path), expected);
  }

  private static void write(OutputFile file, byte[] all, int offset, int size, boolean placed) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(size + 2L * OutputFile.BLOCK, OutputFile.BLOCK);
      MemorySegment bytes = buffer.asSlice(placed ? OutputFile.place(1, offset) : 3, size);
      MemorySegment.copy(MemorySegment.ofArray(all), offset, bytes, 0, size);
      file.write(bytes, offset);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
