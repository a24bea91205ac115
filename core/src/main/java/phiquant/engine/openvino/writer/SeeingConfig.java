package phiquant.engine.openvino.writer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedFile;
import phiquant.engine.plan.PlannedFile.Fixed;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.RowEncoder;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.model.vision.Vision;

/**
 * The {@code config.json} of a model that sees, which OpenVINO GenAI takes two vectors from: what
 * ends a row of image tokens, and what stands before the whole picture ({@code vlm_config.cpp},
 * 2026.4). They are weights, so their text is left open here, a number in as many letters as any
 * may need, and the pass writes it.
 *
 * @param file the rest of it
 * @param vectors what the pass writes there
 */
record SeeingConfig(PlannedFile file, List<PlannedTensor> vectors) {
  /** The longest float, {@code -1.17549435E-38}, and what follows it. */
  private static final int LETTERS = 16;

  /** Stands in the text where numbers will; quotes and all. */
  private static final String OPEN = "\"numbers\"";

  private record Vector(String key, Weight weight) {}

  /**
   * The file for a model.
   *
   * @param index of it among the artifact's files
   */
  static SeeingConfig of(PhiModel model, Vision vision, int index) {
    List<Vector> vectors =
        List.of(new Vector("sub_GN", vision.rowEnd()), new Vector("glb_GN", vision.between()));
    ObjectNode config = model.checkpoint().config().deepCopy();
    // The last layer that is used is the last that is there; the class counts from the end.
    config.withObjectProperty("img_processor").put("layer_idx", -1);
    vectors.forEach(vector -> config.set(vector.key(), nested(vector.weight())));
    String[] texts = config.toPrettyString().split(OPEN);
    List<Fixed> fixed = new ArrayList<>();
    List<PlannedTensor> planned = new ArrayList<>();
    long at = 0;
    for (int i = 0; i < texts.length; i++) {
      byte[] text = texts[i].getBytes(StandardCharsets.UTF_8);
      fixed.add(new Fixed(at, text));
      at += text.length;
      if (i < vectors.size()) {
        PlannedTensor tensor = planned(vectors.get(i).weight(), new Part(index, at, 0));
        planned.add(tensor);
        at += tensor.bytes();
      }
    }
    return new SeeingConfig(new PlannedFile("config.json", at, fixed), planned);
  }

  /** Lists within lists, as deep as its dimensions. */
  private static ArrayNode nested(Weight weight) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode().add("numbers");
    for (int i = 1; i < weight.tensor().shape().size(); i++) {
      list = JsonNodeFactory.instance.arrayNode().add(list);
    }
    return list;
  }

  private static PlannedTensor planned(Weight weight, Part place) {
    long bytes = LETTERS * weight.tensor().columns();
    Part whole = new Part(place.file(), place.offset(), bytes);
    RowEncoder encoder = (x, rows, columns, out) -> write(x, columns, out[0]);
    return new PlannedTensor(
        weight.name(),
        "text",
        weight.tensor().shape(),
        bytes,
        weight.tensor(),
        false,
        encoder,
        List.of(whole));
  }

  private static void write(float[] x, int columns, MemorySegment out) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < columns; i++) {
      String number = Float.toString(x[i]);
      text.append(number).append(i + 1 < columns ? ',' : ' ');
      text.repeat(' ', LETTERS - 1 - number.length());
    }
    out.copyFrom(MemorySegment.ofArray(text.toString().getBytes(StandardCharsets.US_ASCII)));
  }
}
