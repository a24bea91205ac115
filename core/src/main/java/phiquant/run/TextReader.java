package phiquant.run;

import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Linear;
import phiquant.model.Weight;

/** Sees what a text becomes on its way through a network, and may put other weights in its way. */
public interface TextReader {
  /** Numbers of all tokens at one place of the network. */
  interface Features {
    /** Features of a token. */
    int size();

    /**
     * Those of one sequence.
     *
     * @return shape {@code [tokens, size]}, to be read only, until another's are asked for
     */
    float[] of(int sequence);
  }

  /** Where tokens are looked up. */
  default StoredTensor table(Weight embedding) {
    return embedding.tensor();
  }

  /**
   * What inputs are multiplied with; asked once for each product, before it.
   *
   * @param stream what the product will be added to, if it is
   */
  StoredTensor matrix(Linear linear, Features inputs, Optional<Features> stream);

  /** That a layer has been passed. */
  default void passed(int layer) {}

  /** What the sum of the stream and a branch is; called for each sequence after each addition. */
  default void added(int sequence, float[] stream) {}

  /** What the head would be multiplied with. */
  default void head(Linear head, Features inputs) {}
}
