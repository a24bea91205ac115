package phiquant.engine.openvino.reader;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;

/**
 * The tensors of a model that sees which are no constants of its graphs: two stand in config.json,
 * where OpenVINO GenAI looks for them; one was added to another, and so is zero.
 */
final class SeeingTensors {
  private static final String SEE = "model.vision_embed_tokens.";
  private static final String EMBEDDINGS = SEE + "img_processor.vision_model.embeddings.";

  private SeeingTensors() {}

  /** Numbers that lie in no file of tensors. */
  private record Told(String name, List<Long> shape, float[] values) implements StoredTensor {
    @Override
    public String format() {
      return "text";
    }

    @Override
    public long storedBytes() {
      return 0;
    }

    @Override
    public void read(long first, int count, float[] out, int at) {
      int columns = Math.toIntExact(columns());
      System.arraycopy(values, Math.toIntExact(first) * columns, out, at, count * columns);
    }
  }

  /**
   * Adds them.
   *
   * @throws UserError if config.json has none
   */
  static void complete(ObjectNode config, Path folder, Map<String, StoredTensor> tensors) {
    for (String key : List.of("sub_GN", "glb_GN")) {
      Told told = told(config.path(key), SEE + key, folder + "/config.json: " + key);
      tensors.put(told.name(), told);
    }
    StoredTensor positions = tensors.get(EMBEDDINGS + "position_embedding.weight");
    if (positions != null) {
      // The writer adds it to the first row of the positions.
      float[] zeros = new float[Math.toIntExact(positions.columns())];
      String name = EMBEDDINGS + "class_embedding";
      tensors.put(name, new Told(name, List.of(positions.columns()), zeros));
    }
  }

  private static Told told(JsonNode lists, String name, String where) {
    List<Long> shape = new ArrayList<>();
    JsonNode inner = lists;
    while (inner.isArray() && inner.path(0).isArray()) {
      if (inner.size() != 1) {
        throw new UserError(where + " has several lists where there is one vector.");
      }
      shape.add(1L);
      inner = inner.path(0);
    }
    shape.add((long) inner.size());
    float[] values = new float[inner.size()];
    for (int i = 0; i < values.length; i++) {
      if (!inner.path(i).isNumber()) {
        throw new UserError(where + " has something else than numbers.");
      }
      values[i] = (float) inner.path(i).asDouble();
    }
    if (values.length == 0) {
      throw new UserError(
          where + " is missing, or is no list of numbers.",
          "Write the folder again: OpenVINO GenAI needs them there too.");
    }
    return new Told(name, List.copyOf(shape), values);
  }
}
