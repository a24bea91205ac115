package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Map;

/**
 * How an engine stores quantized weights in the safetensors files of a Hugging Face folder: some
 * tensors are parts (codes, scales) of one.
 */
public interface CodedWeights {
  /** Whether a configuration says that weights are stored so. */
  boolean isIn(ObjectNode config);

  /**
   * Puts the parts together.
   *
   * @param stored all tensors, as the files have them
   * @return every tensor, by its name
   * @throws phiquant.UserError if parts are missing or do not fit each other
   */
  Map<String, StoredTensor> decode(
      Path folder, ObjectNode config, Map<String, MappedTensor> stored);

  /**
   * Takes apart what the engine stores as one tensor and Hugging Face as several, quantized or not:
   * a layer's experts.
   */
  Map<String, StoredTensor> apart(Map<String, StoredTensor> tensors);
}
