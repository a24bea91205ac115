package phiquant.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointView;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.StoredTensor;

/**
 * Settles what a head is that is stored although the configuration ties it to the embedding. Only
 * then are the two read, some rows at a time. One that differs is the model's own, as transformers
 * 5 has it; training tools that untie a head forget to say so in config.json.
 */
final class TiedHead {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  private static final String TIED = "tie_word_embeddings";

  /** Numbers that are compared at once. */
  private static final int PORTION = 1 << 20;

  private TiedHead() {}

  /** The checkpoint with no head, or untied; as it is if there is no such question. */
  static Checkpoint settled(Checkpoint checkpoint) {
    StoredTensor embedding = checkpoint.tensors().get(EMBEDDING);
    StoredTensor head = checkpoint.tensors().get(HEAD);
    if (!checkpoint.config().path(TIED).asBoolean(false) || embedding == null || head == null) {
      return checkpoint;
    }
    Map<String, StoredTensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
    List<String> notices = new ArrayList<>(checkpoint.notices());
    ObjectNode config = checkpoint.config().deepCopy();
    if (areEqual(embedding, head)) {
      tensors.remove(HEAD);
      notices.add(HEAD + " equals the embedding, to which config.json ties it, and is left out.");
    } else {
      config.put(TIED, false);
      notices.add(
          HEAD
              + " differs from the embedding, though config.json ties the two: it is used as the"
              + " model's own head.");
    }
    return new CheckpointView(checkpoint, config, tensors, List.copyOf(notices));
  }

  /** Whether all numbers are the same; those of a type that cannot be read are not. */
  private static boolean areEqual(StoredTensor a, StoredTensor b) {
    if (!a.shape().equals(b.shape()) || !isReadable(a) || !isReadable(b) || a.columns() > PORTION) {
      return false;
    }
    int columns = Math.toIntExact(a.columns());
    int portion = Math.max(1, PORTION / Math.max(1, columns));
    float[] left = new float[portion * columns];
    float[] right = new float[portion * columns];
    for (long row = 0; row < a.rows(); row += portion) {
      int rows = (int) Math.min(portion, a.rows() - row);
      a.read(row, rows, left, 0);
      b.read(row, rows, right, 0);
      if (!Arrays.equals(left, 0, rows * columns, right, 0, rows * columns)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isReadable(StoredTensor tensor) {
    return DType.named(tensor.format()).map(DType::isWeight).orElse(true);
  }
}
