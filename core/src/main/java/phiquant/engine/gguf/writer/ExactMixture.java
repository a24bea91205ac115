package phiquant.engine.gguf.writer;

import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * The weights of a mixture of experts, prepared so that llama.cpp's function of them is close to
 * the model's. Whatever is written into the stream (embeddings, what attention and experts give)
 * has the mean 0, so that root mean square norms are layer norms; {@link PreparedMixture} makes the
 * two best scores' softmax what sparsemixer is for tokens whose scores are not close. Source:
 * {@code build_phimoe} in llama.cpp's phi3.cpp.
 */
final class ExactMixture {
  private ExactMixture() {}

  static List<Weight> of(PhiModel model) {
    return model.piled().stream().map(ExactMixture::prepared).toList();
  }

  private static Weight prepared(Weight weight) {
    StoredTensor tensor =
        weight.tensor() instanceof Piled piled
            ? new Piled(
                piled.name(), piled.parts().stream().map(part -> prepared(weight, part)).toList())
            : prepared(weight, weight.tensor());
    return new Weight(weight.role(), weight.layer(), weight.bias(), tensor);
  }

  private static StoredTensor prepared(Weight weight, StoredTensor tensor) {
    StoredTensor centred =
        switch (weight.role()) {
          case EMBEDDING -> new CentredRows(tensor);
          case ATTENTION_OUTPUT ->
              weight.bias() ? new CentredRows(tensor) : new CentredColumns(tensor);
          case EXPERT_DOWN -> new CentredColumns(tensor);
          default -> tensor;
        };
    return PreparedMixture.prepared(weight.role(), centred);
  }
}
