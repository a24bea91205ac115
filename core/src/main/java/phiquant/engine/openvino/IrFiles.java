package phiquant.engine.openvino;

import java.util.List;
import java.util.stream.Stream;

/**
 * The names of a folder's models, for reading and writing alike: one of text, or the four of a
 * model that sees, as optimum-intel's exporter calls them and OpenVINO GenAI looks for them.
 */
public final class IrFiles {
  /** A model of text. */
  public static final String MODEL = "openvino_model";

  /** The language model of one that sees. */
  public static final String LANGUAGE = "openvino_language_model";

  /** What makes rows of tokens for it. */
  public static final String TEXT_EMBEDDINGS = "openvino_text_embeddings_model";

  /** The tower. */
  public static final String VISION_EMBEDDINGS = "openvino_vision_embeddings_model";

  /** What makes rows of the tower's features. */
  public static final String VISION_PROJECTION = "openvino_vision_projection_model";

  /** The four. */
  public static final List<String> SEEING =
      List.of(LANGUAGE, TEXT_EMBEDDINGS, VISION_EMBEDDINGS, VISION_PROJECTION);

  /** Those of either. */
  public static final List<String> ALL = Stream.concat(Stream.of(MODEL), SEEING.stream()).toList();

  private IrFiles() {}
}
