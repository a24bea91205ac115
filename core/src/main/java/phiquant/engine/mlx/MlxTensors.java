package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.CodedWeights;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.affine.GroupFormats;

/**
 * Reads the weights of an MLX model: where {@code config.json} has {@code quantization}, the
 * tensors {@code weight}, {@code scales} and {@code biases} of a layer become one tensor of floats.
 * Which format a layer has is stated for it, or for all ({@code load_model} in mlx-lm's {@code
 * utils.py}).
 */
public final class MlxTensors {
  private final Path folder;
  private final JsonNode quantization;
  private final Map<String, MappedTensor> stored;

  private MlxTensors(Path folder, JsonNode quantization, Map<String, MappedTensor> stored) {
    this.folder = folder;
    this.quantization = quantization;
    this.stored = stored;
  }

  /** As MLX stores them. */
  public static final CodedWeights CODES =
      new CodedWeights() {
        @Override
        public boolean isIn(ObjectNode config) {
          return config.path("quantization").has("group_size");
        }

        @Override
        public Map<String, StoredTensor> decode(
            Path folder, ObjectNode config, Map<String, MappedTensor> stored) {
          return of(folder, config, stored);
        }

        @Override
        public Map<String, StoredTensor> apart(Map<String, StoredTensor> tensors) {
          return MlxExperts.apart(tensors);
        }
      };

  private static Map<String, StoredTensor> of(
      Path folder, ObjectNode config, Map<String, MappedTensor> stored) {
    MlxTensors tensors = new MlxTensors(folder, config.path("quantization"), stored);
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    stored.forEach(
        (name, tensor) -> {
          String path = name.substring(0, Math.max(0, name.lastIndexOf('.')));
          if (!stored.containsKey(path + ".scales") || !stored.containsKey(path + ".weight")) {
            all.put(name, tensor);
          } else if (name.endsWith(".weight")) {
            all.put(name, tensors.layer(path, tensor));
          } else if (!tensors.isPart(path, name)) {
            all.put(name, tensor);
          }
        });
    return all;
  }

  /** Whether a tensor is used up with its layer's codes. */
  private boolean isPart(String path, String name) {
    return name.endsWith(".scales")
        || name.endsWith(".biases") && format(path, stored.get(path + ".scales")).biasBytes() > 0;
  }

  private StoredTensor layer(String path, MappedTensor packed) {
    MappedTensor scales = stored.get(path + ".scales");
    MappedTensor biases = stored.get(path + ".biases");
    GroupFormat format = format(path, scales);
    if (packed.dtype() != DType.U32
        || packed.shape().size() < 2
        || packed.shape().size() > 3
        || !above(packed).equals(above(scales))) {
      throw wrong(path, "its weight and scales are not matrices of the same height");
    }
    if (4 * packed.columns() != scales.columns() * format.packedBytes()) {
      throw wrong(
          path,
          "a row has %d words and %d scales, which is not %s with %d bits in groups of %d"
              .formatted(
                  packed.columns(),
                  scales.columns(),
                  format.mode(),
                  format.bits(),
                  format.groupSize()));
    }
    boolean needsBiases = format.biasBytes() > 0;
    if (needsBiases
        && (biases == null
            || !biases.shape().equals(scales.shape())
            || biases.dtype() != scales.dtype())) {
      throw wrong(path, "its biases are missing or do not fit its scales");
    }
    return new MlxTensor(packed, scales, needsBiases ? biases : null, format);
  }

  /** All dimensions but the last. */
  private static List<Long> above(MappedTensor tensor) {
    return tensor.shape().subList(0, Math.max(0, tensor.shape().size() - 1));
  }

  private GroupFormat format(String path, MappedTensor scales) {
    JsonNode own = quantization.path(path);
    JsonNode stated = own.isObject() ? own : quantization;
    String mode = stated.path("mode").asText("affine");
    int bits = stated.path("bits").asInt(4);
    int ownGroup = mode.equals("affine") ? 64 : mode.equals("nvfp4") ? 16 : 32;
    int groupSize = stated.path("group_size").asInt(ownGroup);
    FloatType type =
        switch (scales.dtype()) {
          case F16 -> FloatType.FLOAT16;
          case BF16, U8 -> FloatType.BFLOAT16;
          case F32 -> FloatType.FLOAT32;
          default -> throw wrong(path, "its scales are " + scales.dtype());
        };
    if ((scales.dtype() == DType.U8) == mode.equals("affine")) {
      throw wrong(path, "its scales are " + scales.dtype() + ", which is not of mode " + mode);
    }
    try {
      return GroupFormats.of(mode, bits, groupSize, type);
    } catch (UserError e) {
      throw wrong(path, e.getMessage());
    }
  }

  private UserError wrong(String path, String fact) {
    return new UserError(
        "%s: the layer '%s' cannot be decoded: %s."
            .formatted(folder, path, fact.replaceFirst("\\.$", "")));
  }
}
