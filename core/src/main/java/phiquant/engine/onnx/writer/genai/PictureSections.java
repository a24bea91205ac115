package phiquant.engine.onnx.writer.genai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.PythonJson;
import phiquant.engine.plan.PlannedFile;
import phiquant.model.PhiModel;

/**
 * What GenAI is told of a model that sees: which graphs stand before the decoder, and how pictures
 * are prepared for them. Source: {@code config.h}, {@code multi_modal.cpp} and {@code
 * phi_image_processor.cpp} of ONNX Runtime GenAI 0.18; the processor's steps are those of ONNX
 * Runtime's extensions ({@code image_processor.cc}).
 */
public final class PictureSections {
  public static final String EMBEDDING = "embedding.onnx";
  public static final String VISION = "vision.onnx";
  public static final String PROCESSOR = "processor_config.json";

  /** What its own processor does otherwise than the model's makers do; see docs/vision.md. */
  public static final String NOTE =
      "GenAI's processor always cuts a picture into up to 16 crops, reduces the whole with"
          + " antialiasing, and leaves out <s> before pieces of text: answers differ from the"
          + " released model's.";

  /** Most crops; the processor takes no other number, whatever stands here. */
  private static final int CROPS = 16;

  /** Image tokens of a crop, without the ends of rows. */
  private static final int TOKENS = 144;

  private PictureSections() {}

  /** Makes the configuration of a text model one of several graphs. */
  static void put(ObjectNode model) {
    model.put("type", "phi3v");
    ObjectNode embedding = model.putObject("embedding");
    embedding.put("filename", EMBEDDING);
    embedding
        .putObject("inputs")
        .put("input_ids", "input_ids")
        .put("image_features", "image_features");
    embedding.putObject("outputs").put("inputs_embeds", "inputs_embeds");
    ObjectNode vision = model.putObject("vision");
    vision.put("filename", VISION);
    vision.put("config_filename", PROCESSOR);
    vision
        .putObject("inputs")
        .put("pixel_values", "pixel_values")
        .put("image_sizes", "image_sizes");
    vision.putObject("outputs").put("image_features", "image_features");
  }

  /** {@code processor_config.json}. */
  public static byte[] processor() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ObjectNode processor = root.putObject("processor");
    processor.put("name", "phi-3-image-processor");
    ArrayNode steps = processor.putArray("transforms");
    step(steps, "decode_image", "DecodeImage").putObject("attrs").put("color_space", "BGR");
    step(steps, "convert_to_rgb", "ConvertRGB");
    step(steps, "phi3_image_transform", "Phi3ImageTransform")
        .putObject("attrs")
        .put("num_crops", CROPS)
        .put("num_img_tokens", TOKENS);
    return PythonJson.bytes(root, 2, true);
  }

  /**
   * The checkpoint's small files; config.json says that the last of the tower's layers that are
   * there is the last that is used, for what follows it was left out.
   */
  public static List<PlannedFile> companions(PhiModel model) {
    ObjectNode config = model.checkpoint().config().deepCopy();
    config.withObjectProperty("img_processor").put("layer_idx", -1);
    List<PlannedFile> files = new ArrayList<>();
    files.add(PlannedFile.whole("config.json", PythonJson.bytes(config, 2, false)));
    files.addAll(
        PlannedFile.copies(
            model.checkpoint(), "generation_config.json", "preprocessor_config.json"));
    return files;
  }

  private static ObjectNode step(ArrayNode steps, String name, String type) {
    ObjectNode operation = steps.addObject().putObject("operation");
    return operation.put("name", name).put("domain", "com.microsoft.extensions").put("type", type);
  }
}
