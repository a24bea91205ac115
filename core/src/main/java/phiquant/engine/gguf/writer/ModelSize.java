package phiquant.engine.gguf.writer;

import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * How large a model is, in the converter's words.
 *
 * @param parameters all of them, longrope's factors too
 * @param label {@code 3.8B}, or of experts {@code 16x4.2B}: how many there are, and how large the
 *     model would be with one of them
 */
record ModelSize(long parameters, String label) {
  /** Source: {@code get_total_parameter_count} and {@code size_label} in gguf-py. */
  static ModelSize of(PhiModel model) {
    long factors = model.config().longRope().map(r -> 2L * r.longFactors().size()).orElse(0L);
    long parameters = model.parameters() + factors;
    return model
        .config()
        .experts()
        .map(
            experts -> {
              long piled =
                  model.piled().stream()
                      .filter(weight -> weight.tensor().shape().size() == 3)
                      .map(Weight::tensor)
                      .mapToLong(StoredTensor::elements)
                      .sum();
              long one = parameters - piled + piled / experts.count();
              return new ModelSize(parameters, experts.count() + "x" + ModelName.sizeLabel(one));
            })
        .orElseGet(() -> of(parameters));
  }

  /** Of a model without experts. */
  static ModelSize of(long parameters) {
    return new ModelSize(parameters, ModelName.sizeLabel(parameters));
  }
}
