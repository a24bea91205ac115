package phiquant.checkpoint.packed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.fixtures.Golden;

/**
 * Packed integers, against what mlx_lm makes of random words in AutoAWQ's packing, and against the
 * packing loops of gptqmodel and compressed-tensors, written down from their sources.
 */
class PackedWeightsTest {
  private static final int ROWS = 16;
  private static final int COLUMNS = 64;
  private static final int GROUP = 32;
  private static final int GROUPS = COLUMNS / GROUP;

  private static final Arena MEMORY = Arena.ofAuto();

  private final Random random = new Random(3);
  private final int[][] codes = table(ROWS, COLUMNS);
  private final int[][] zeros = table(ROWS, GROUPS);
  private final float[][] scales = new float[ROWS][GROUPS];
  private final Map<String, MappedTensor> stored = new HashMap<>();

  private int[][] table(int rows, int columns) {
    int[][] table = new int[rows][columns];
    for (int[] row : table) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextInt(16);
      }
    }
    return table;
  }

  @Test
  void awqIsReadAsMlxReadsIt() {
    JsonNode golden = Golden.json("packed-awq");
    put("a.qweight", ints(golden.path("qweight")));
    put("a.qzeros", ints(golden.path("qzeros")));
    JsonNode given = golden.path("scales");
    float[][] turned = new float[given.size()][given.path(0).size()];
    for (int g = 0; g < turned.length; g++) {
      for (int r = 0; r < turned[g].length; r++) {
        turned[g][r] = (float) given.path(g).path(r).asDouble();
      }
    }
    put("a.scales", halves(turned));
    StoredTensor tensor = decoded("{'quant_method':'awq','bits':4,'group_size':32}");
    float[] floats = read(tensor);
    JsonNode expected = golden.path("floats");
    assertThat(tensor.shape())
        .containsExactly((long) expected.size(), (long) expected.path(0).size());
    for (int i = 0; i < floats.length; i++) {
      int width = expected.path(0).size();
      assertThat(floats[i]).isEqualTo((float) expected.path(i / width).path(i % width).asDouble());
    }
  }

  /**
   * {@code pack_original} of gptqmodel's {@code BaseQuantLinear}; the first form stores one less.
   */
  @ParameterizedTest
  @CsvSource({"gptq,1", "gptq_v2,0"})
  void bothFormsOfGptqAreRead(String form, int less) {
    gptq(less);
    put("a.g_idx", order(false));
    requireValues(
        decoded(
            "{'quant_method':'gptq','bits':4,'group_size':32,'desc_act':true,"
                + "'checkpoint_format':'"
                + form
                + "'}"));
  }

  /** {@code packing_format} decides of the zero points ({@code GPTQ_FORMAT} of its backend.py). */
  @ParameterizedTest
  @CsvSource({"auto_round:auto_gptq,1", "auto_round,0"})
  void autoRoundSaysWhichFormItIs(String packing, int less) {
    gptq(less);
    requireValues(
        decoded(
            "{'quant_method':'auto-round','bits':4,'group_size':32,'packing_format':'"
                + packing
                + "'}"));
  }

  private void gptq(int less) {
    int[][] qweight = new int[COLUMNS / 8][ROWS];
    int[][] qzeros = new int[GROUPS][ROWS / 8];
    float[][] turned = new float[GROUPS][ROWS];
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column++) {
        qweight[column / 8][row] |= codes[row][column] << 4 * (column % 8);
      }
      for (int g = 0; g < GROUPS; g++) {
        qzeros[g][row / 8] |= (zeros[row][g] - less & 15) << 4 * (row % 8);
        turned[g][row] = scale(row, g);
      }
    }
    put("a.qweight", ints(qweight));
    put("a.qzeros", ints(qzeros));
    put("a.scales", halves(turned));
  }

  /** {@code pack_to_int32} of compressed-tensors: rows along columns, zero points along rows. */
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void compressedTensorsAreRead(boolean symmetric) {
    int[][] packed = new int[ROWS][COLUMNS / 8];
    int[][] zeroPoints = new int[ROWS / 8][GROUPS];
    float[][] upright = new float[ROWS][GROUPS];
    for (int row = 0; row < ROWS; row++) {
      for (int column = 0; column < COLUMNS; column++) {
        packed[row][column / 8] |= codes[row][column] << 4 * (column % 8);
      }
      for (int g = 0; g < GROUPS; g++) {
        zeros[row][g] = symmetric ? 8 : zeros[row][g];
        zeroPoints[row / 8][g] |= zeros[row][g] << 4 * (row % 8);
        upright[row][g] = scale(row, g);
      }
    }
    put("a.weight_packed", ints(packed));
    put("a.weight_scale", halves(upright));
    MemorySegment shape = MEMORY.allocate(16, 8);
    shape.set(ValueLayout.JAVA_LONG, 0, ROWS);
    shape.set(ValueLayout.JAVA_LONG, 8, COLUMNS);
    put("a.weight_shape", new MappedTensor("", DType.I64, List.of(2L), 0, shape));
    if (!symmetric) {
      put("a.weight_zero_point", ints(zeroPoints));
    }
    StoredTensor tensor =
        decoded(
            "{'quant_method':'compressed-tensors','format':'pack-quantized','config_groups':"
                + "{'group_0':{'weights':{'num_bits':4,'type':'int','strategy':'group',"
                + "'group_size':32}}}}");
    assertThat(GroupedIntegers.of(tensor).orElseThrow().isSymmetric()).isEqualTo(symmetric);
    requireValues(tensor);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'quant_method':'gptq','bits':3|weights have 3 bits; phiquant reads 4 and 8.",
        "'quant_method':'gptq','bits':4,'checkpoint_format':'marlin'|is marlin; phiquant reads",
        "'quant_method':'awq','bits':4,'version':'gemv'|version is gemv; phiquant reads gemm.",
        "'quant_method':'gptq','bits':4,'group_size':48|groups of 48 do not divide",
        "'quant_method':'gptq','bits':4,'group_size':16|its scales has the shape [2, 16] where",
        "'quant_method':'compressed-tensors','format':'float-quantized'|format is float-quantized",
      })
  void otherPackingsAreRefusedByName(String config, String fact) {
    gptq(1);
    refuses("{" + config + "}", fact);
  }

  @Test
  void columnsInAnotherOrderAreRefused() {
    gptq(1);
    put("a.g_idx", order(true));
    refuses("{'quant_method':'gptq','bits':4,'group_size':32,'desc_act':true}", "(desc_act)");
  }

  @Test
  void missingZeroPointsAreRefused() {
    gptq(1);
    stored.remove("a.qzeros");
    refuses("{'quant_method':'gptq','bits':4,'group_size':32}", "its qzeros is missing");
  }

  private void refuses(String config, String fact) {
    assertThatThrownBy(() -> decoded(config))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(fact);
  }

  /** A power of two times the place, which 16 bits hold. */
  private float scale(int row, int g) {
    scales[row][g] = (row + 1 + 20 * g) / 1024f;
    return scales[row][g];
  }

  private void requireValues(StoredTensor tensor) {
    assertThat(tensor.shape()).containsExactly((long) ROWS, (long) COLUMNS);
    float[] floats = read(tensor);
    for (int i = 0; i < floats.length; i++) {
      int row = i / COLUMNS;
      int g = i % COLUMNS / GROUP;
      assertThat(floats[i]).isEqualTo((codes[row][i % COLUMNS] - zeros[row][g]) * scales[row][g]);
    }
  }

  /** All rows, the first alone. */
  private static float[] read(StoredTensor tensor) {
    int columns = Math.toIntExact(tensor.columns());
    int rows = Math.toIntExact(tensor.rows());
    float[] floats = new float[rows * columns];
    tensor.read(0, 1, floats, 0);
    tensor.read(1, rows - 1, floats, columns);
    return floats;
  }

  private StoredTensor decoded(String quantization) {
    try {
      ObjectNode config = new ObjectMapper().createObjectNode();
      config.set(
          "quantization_config", new ObjectMapper().readTree(quantization.replace('\'', '"')));
      Map<String, StoredTensor> all =
          PackedWeights.decode(Path.of("folder"), config, stored).orElseThrow();
      assertThat(all).containsOnlyKeys("a.weight");
      return all.get("a.weight");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private void put(String name, MappedTensor tensor) {
    stored.put(name, new MappedTensor(name, tensor.dtype(), tensor.shape(), 0, tensor.data()));
  }

  /** For each column its group, or with two columns changed. */
  private static MappedTensor order(boolean changed) {
    int[] order = new int[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      order[i] = (changed && i == 0 ? 40 : i) / GROUP;
    }
    MappedTensor row = ints(new int[][] {order});
    return new MappedTensor("", DType.I32, List.of((long) COLUMNS), 0, row.data());
  }

  private static MappedTensor ints(JsonNode table) {
    int[][] values = new int[table.size()][table.path(0).size()];
    for (int i = 0; i < values.length; i++) {
      for (int j = 0; j < values[i].length; j++) {
        values[i][j] = table.path(i).path(j).asInt();
      }
    }
    return ints(values);
  }

  private static MappedTensor ints(int[][] table) {
    int width = table[0].length;
    MemorySegment data = MEMORY.allocate(4L * table.length * width, 4);
    for (int i = 0; i < table.length; i++) {
      MemorySegment.copy(table[i], 0, data, ValueLayout.JAVA_INT, 4L * i * width, width);
    }
    return new MappedTensor("", DType.I32, List.of((long) table.length, (long) width), 0, data);
  }

  private static MappedTensor halves(float[][] table) {
    int width = table[0].length;
    MemorySegment data = MEMORY.allocate(2L * table.length * width, 2);
    for (int i = 0; i < table.length * width; i++) {
      data.set(ValueLayout.JAVA_SHORT, 2L * i, Float.floatToFloat16(table[i / width][i % width]));
    }
    return new MappedTensor("", DType.F16, List.of((long) table.length, (long) width), 0, data);
  }
}
