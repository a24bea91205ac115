package phiquant.quant.affine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.engines.Engines;
import phiquant.quant.FloatType;
import phiquant.quant.affine.Groups.Encoded;

/** Every format against MLX itself, both ways. */
class GroupFormatIT {
  @TempDir Path out;

  @ParameterizedTest
  @EnumSource
  void mlxMakesTheSameBytesAndReadsTheSameNumbers(FloatType type) throws IOException {
    float[] x = Groups.of(type);
    Path file = Files.write(out.resolve("x"), bytes(x));
    String dtype = type.name().toLowerCase(Locale.ROOT);
    Engines.run(
        Engines.python("mlx"),
        "engines/mlx_driver.py",
        "quantize",
        file.toString(),
        dtype,
        out.toString());
    for (GroupFormat format : Groups.formats(type)) {
      String stem = "%s-%d-%d.".formatted(format.mode(), format.bits(), format.groupSize());
      Encoded encoded = Encoded.of(GroupFormats.vector(format), x);
      assertThat(encoded.weight()).as(stem).isEqualTo(read(stem + "weight"));
      assertThat(encoded.scales()).as(stem).isEqualTo(read(stem + "scales"));
      if (format.biasBytes() > 0) {
        assertThat(encoded.biases()).as(stem).isEqualTo(read(stem + "biases"));
      }
      float[] theirs = new float[x.length];
      ByteBuffer.wrap(read(stem + "floats"))
          .order(ByteOrder.LITTLE_ENDIAN)
          .asFloatBuffer()
          .get(theirs);
      assertThat(encoded.decode(format)).as(stem).isEqualTo(theirs);
    }
  }

  private byte[] read(String name) throws IOException {
    return Files.readAllBytes(out.resolve(name));
  }

  private static byte[] bytes(float[] x) {
    ByteBuffer buffer = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(x);
    return buffer.array();
  }
}
