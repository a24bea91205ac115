package phiquant.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a Phi-3-small's configuration says beside what all say: numbers of muP (Yang et al. 2022,
 * arXiv:2203.03466), and which positions attention leaves out. Source: {@code Phi3SmallConfig} in
 * its configuration_phi3_small.py.
 *
 * @param gateLimit see {@link Gate.GeGelu}
 * @param embeddingScale what embedded tokens are multiplied with
 * @param logitsScale what logits are multiplied with
 * @param scoreScale what attention's scores are multiplied with
 * @param sparse which positions attention leaves out
 * @param denseEvery of so many layers the last leaves out none
 * @param unused tokens that are never said
 */
public record SmallFacts(
    double gateLimit,
    double embeddingScale,
    double logitsScale,
    Optional<Double> scoreScale,
    BlockSparse sparse,
    int denseEvery,
    List<Integer> unused) {
  private static final String UNUSED = "dummy_token_indices";

  /** Which positions a layer leaves out, if some. */
  public Optional<BlockSparse> blocks(int layer) {
    return (layer + 1) % denseEvery == 0 ? Optional.empty() : Optional.of(sparse);
  }

  static Optional<SmallFacts> of(PhiConfig.Reader in, int heads, int headSize) {
    if (!in.keys().reads("gegelu_limit")) {
      return Optional.empty();
    }
    int size = in.positive("blocksparse_block_size");
    int local = in.positive("blocksparse_num_local_blocks");
    int stride = in.positive("blocksparse_vert_stride");
    boolean scaled = !in.config().hasNonNull("mup_use_scaling") || in.flag("mup_use_scaling");
    double scores = in.within("mup_attn_multiplier", 1e-6, 1e6) / headSize;
    return Optional.of(
        new SmallFacts(
            in.within("gegelu_limit", 1e-6, 1e6),
            in.within("mup_embedding_multiplier", 1e-6, 1e6),
            1 / in.within("mup_width_multiplier", 1e-6, 1e6),
            scaled ? Optional.of(scores) : Optional.empty(),
            BlockSparse.of(size, local, stride, heads),
            in.positive("dense_attention_every_n_layers"),
            unused(in)));
  }

  /** Those of the configuration; else those that its tokenizer calls dummies, and never uses. */
  private static List<Integer> unused(PhiConfig.Reader in) {
    int vocabulary = in.positive("vocab_size");
    if (!in.config().hasNonNull(UNUSED)) {
      return IntStream.concat(
              IntStream.of(100256, 100258, 100259, 100260, 100264, 100265),
              IntStream.range(100267, 100352))
          .filter(token -> token < vocabulary)
          .boxed()
          .toList();
    }
    List<Integer> tokens = new ArrayList<>();
    for (JsonNode token : in.config().path(UNUSED)) {
      if (!token.canConvertToExactIntegral()
          || token.asLong(-1) < 0
          || token.asLong() >= vocabulary) {
        throw in.wrong(UNUSED + " holds " + PhiConfig.shorten(token) + ", which is no token");
      }
      tokens.add(token.asInt());
    }
    return List.copyOf(tokens);
  }
}
