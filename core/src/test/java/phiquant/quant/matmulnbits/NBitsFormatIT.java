package phiquant.quant.matmulnbits;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.quant.FloatType;

/** Every format against ONNX Runtime itself: its quantizers' bytes, its operators' numbers. */
class NBitsFormatIT {
  private static final Path DRIVER = Path.of("engines/nbits_driver.py");
  private static final int ROWS = 32;

  @TempDir Path out;

  @Test
  void quantizersMakeTheSameBytesOfRealWeights() throws IOException {
    for (FloatType type : Weights.TYPES) {
      assertThat(sameBytes(type, weights(ROWS), 768)).isEqualTo(2 * 5 * (3 + 2 + 2));
    }
  }

  /** 208 is not a whole number of blocks of 32 and more. */
  @ParameterizedTest
  @ValueSource(ints = {208, 512})
  void quantizersMakeTheSameBytesOfHardWeights(int columns) throws IOException {
    for (FloatType type : Weights.TYPES) {
      sameBytes(type, Weights.of(type, 40 * columns), columns);
    }
  }

  private int sameBytes(FloatType type, float[] x, int columns) throws IOException {
    run("quantize", write("x", x), type.name(), String.valueOf(columns), out.toString());
    int compared = 0;
    for (Algorithm algorithm : Algorithm.values()) {
      for (NBitsFormat format : Weights.formats(algorithm)) {
        if (format.type() != type || !Files.exists(out.resolve(name(format) + ".codes"))) {
          continue;
        }
        Encoded encoded = Encoded.of(format, x, x.length / columns, columns);
        same(encoded.scales(), format, "scales");
        if (Files.exists(out.resolve(name(format) + ".zeros"))) {
          same(encoded.zeroPoints(), format, "zeros");
        }
        same(encoded.codes(), format, "codes");
        compared++;
      }
    }
    return compared;
  }

  @Test
  void operatorsReadTheSameNumbers() throws IOException {
    float[] x = weights(ROWS);
    List<String> names = new ArrayList<>();
    for (NBitsFormat format : Weights.formats(Algorithm.DEFAULT)) {
      Encoded encoded = Encoded.of(format, x, ROWS, 768);
      Files.write(out.resolve(name(format) + ".codes"), encoded.codes());
      Files.write(out.resolve(name(format) + ".scales"), encoded.scales());
      Files.write(out.resolve(name(format) + ".zeros"), encoded.zeroPoints());
      names.add(name(format));
    }
    List<String> arguments = new ArrayList<>(List.of("decode", out.toString(), "768"));
    arguments.addAll(names);
    run(arguments.toArray(String[]::new));
    for (NBitsFormat format : Weights.formats(Algorithm.DEFAULT)) {
      float[] decoded = Encoded.of(format, x, ROWS, 768).decode(format, ROWS, 768);
      format.type().round(decoded, 0, decoded.length, decoded);
      assertThat(read(format, "gathered")).as("%s gathered", format).isEqualTo(decoded);
      for (int i = 0; i < decoded.length; i++) {
        // A sum of zeros of both signs is +0.
        decoded[i] += 0f;
      }
      assertThat(read(format, "product")).as("%s product", format).isEqualTo(decoded);
    }
  }

  private void same(byte[] ours, NBitsFormat format, String part) throws IOException {
    assertThat(ours)
        .as("%s of %s", part, format)
        .isEqualTo(Files.readAllBytes(out.resolve(name(format) + "." + part)));
  }

  private float[] read(NBitsFormat format, String part) throws IOException {
    byte[] bytes = Files.readAllBytes(out.resolve(name(format) + "." + part));
    float[] x = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(x);
    return x;
  }

  private String write(String name, float[] x) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(4 * x.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(x);
    return Files.write(out.resolve(name), buffer.array()).toString();
  }

  private static void run(String... arguments) {
    Engines.run(Engines.python("onnx"), DRIVER.toString(), arguments);
  }

  private static float[] weights(int rows) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.smolPhiMixed())) {
      float[] x = new float[rows * 768];
      checkpoint.tensors().get("model.layers.3.self_attn.o_proj.weight").read(0, rows, x, 0);
      return x;
    }
  }

  private static String name(NBitsFormat format) {
    return "%s-%d-%d-%s-%s"
        .formatted(
            format.algorithm().label(),
            format.bits(),
            format.block(),
            format.symmetric() ? "sym" : "asym",
            format.type());
  }
}
