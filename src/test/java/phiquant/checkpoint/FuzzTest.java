package phiquant.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import phiquant.UserError;
import phiquant.checkpoint.gguf.GgufFile;
import phiquant.fixtures.Fixtures;

/** Valid headers with bytes changed, cut or repeated: read well or refused, never anything else. */
class FuzzTest {
  private static final byte[] GGUF = ggufHead();
  private static final byte[] SAFETENSORS = safetensors();

  private static byte[] ggufHead() {
    try (var in = Files.newInputStream(Fixtures.smolLm2Gguf())) {
      return in.readNBytes(1 << 16);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] safetensors() {
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"a\":{\"dtype\":\"BF16\",\"shape\":[4,8],\"data_offsets\":[0,64]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[64,76]}}";
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length + 76)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  @Property(tries = 400)
  void ggufHeaders(@ForAll long seed) {
    byte[] mutant = mutate(GGUF, seed);
    try {
      GgufFile.read(Path.of("mutant.gguf"), MemorySegment.ofArray(mutant));
    } catch (UserError e) {
      assertThat(e.getMessage()).contains("mutant.gguf");
    }
  }

  @Property(tries = 400)
  void safetensorsHeaders(@ForAll long seed) throws IOException {
    Path folder = Files.createTempDirectory("fuzz");
    Path file = folder.resolve("model.safetensors");
    try {
      Files.writeString(folder.resolve("config.json"), "{}");
      Files.write(file, mutate(SAFETENSORS, seed));
      try (Checkpoint read = Checkpoints.open(folder)) {
        assertThat(read.tensors()).isNotNull();
      } catch (UserError e) {
        assertThat(e.getMessage()).contains("model.safetensors");
      }
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(folder.resolve("config.json"));
      Files.delete(folder);
    }
  }

  private static byte[] mutate(byte[] valid, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    byte[] mutant = valid.clone();
    int head = Math.min(mutant.length, 4096);
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      int at = random.nextInt(head);
      switch (random.nextInt(5)) {
        case 0 -> mutant[at] = (byte) random.nextInt();
        case 1 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> Arrays.fill(mutant, at, Math.min(mutant.length, at + 8), (byte) 0xff);
        case 3 -> Arrays.fill(mutant, at, Math.min(mutant.length, at + 8), (byte) 0);
        default -> mutant = Arrays.copyOf(mutant, Math.max(1, at));
      }
      head = Math.min(mutant.length, head);
    }
    return mutant;
  }
}
