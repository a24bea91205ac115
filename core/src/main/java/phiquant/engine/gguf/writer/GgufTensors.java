package phiquant.engine.gguf.writer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import phiquant.engine.gguf.GgufNames;
import phiquant.model.PhiConfig.LongRope;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * The tensors of a GGUF file under llama.cpp's names, in one of the two orders that its tools
 * write.
 */
final class GgufTensors {
  private GgufTensors() {}

  /**
   * A tensor before its type is chosen.
   *
   * @param weight where its rows come from, or null
   * @param constant its values as floats, for what is not a weight, or null
   */
  record Named(String name, Weight weight, byte[] constant) {}

  /** As llama-quantize orders them: by layer, then by name, what is outside of layers first. */
  static List<Named> quantizerOrder(PhiModel model, List<Weight> weights) {
    List<Named> tensors = all(model, weights);
    tensors.sort(
        Comparator.comparingInt((Named tensor) -> layer(tensor)).thenComparing(Named::name));
    return tensors;
  }

  /** As convert_hf_to_gguf does: rope factors, then weights by their Hugging Face names. */
  static List<Named> converterOrder(PhiModel model, List<Weight> weights) {
    List<Named> tensors = all(model, weights);
    tensors.sort(
        Comparator.comparing(tensor -> tensor.weight() == null ? "" : tensor.weight().name()));
    return tensors;
  }

  private static int layer(Named tensor) {
    return tensor.weight() == null ? -1 : tensor.weight().layer();
  }

  private static List<Named> all(PhiModel model, List<Weight> weights) {
    List<Named> tensors = new ArrayList<>();
    if (model.config().longRope().isPresent()) {
      LongRope rope = model.config().longRope().get();
      tensors.add(new Named(GgufNames.LONG_FACTORS, null, floats(rope.longFactors())));
      tensors.add(new Named(GgufNames.SHORT_FACTORS, null, floats(rope.shortFactors())));
    }
    for (Weight weight : weights) {
      tensors.add(new Named(name(weight), weight, null));
    }
    return tensors;
  }

  /** llama.cpp's name of a weight. */
  static String name(Weight weight) {
    return GgufNames.of(weight.role(), weight.layer(), weight.bias());
  }

  private static byte[] floats(List<Double> values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.size()).order(ByteOrder.LITTLE_ENDIAN);
    values.forEach(value -> bytes.putFloat(value.floatValue()));
    return bytes.array();
  }
}
