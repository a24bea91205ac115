package phiquant.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.ConfigForm;

/**
 * The hyperparameters of a Phi, as its {@code config.json} states them, with the defaults of its
 * architecture's class in transformers where it is silent.
 *
 * @param vocabulary tokens, rows of the embedding
 * @param hidden width of the residual stream
 * @param feedForward width inside the feed-forward block (up, and gate if there is one, have this
 *     many rows)
 * @param layers number of transformer layers
 * @param heads query heads
 * @param kvHeads key and value heads; heads / kvHeads queries share one
 * @param headSize dimensions of a head
 * @param rotarySize how many of them are rotated (partial rotary: fewer than all)
 * @param epsilon added to the mean of squares in norms
 * @param ropeTheta base of the rotary frequencies
 * @param longRope the factors of longrope, if the model has them
 * @param contextLength positions that the model was made for
 * @param originalContextLength positions before longrope stretched them
 * @param slidingWindow how far back attention sees, if it is limited
 * @param tiedHead whether the head is the embedding
 * @param experts what a feed-forward part has in place of one of that width, if the model has them
 * @param small what only a Phi-3-small has
 */
public record PhiConfig(
    int vocabulary,
    int hidden,
    int feedForward,
    int layers,
    int heads,
    int kvHeads,
    int headSize,
    int rotarySize,
    double epsilon,
    double ropeTheta,
    Optional<LongRope> longRope,
    int contextLength,
    int originalContextLength,
    Optional<Integer> slidingWindow,
    boolean tiedHead,
    Optional<Mixture> experts,
    Optional<SmallFacts> small) {

  /**
   * LongRoPE (Ding et al. 2024, arXiv:2402.13753): one factor for each rotated pair divides its
   * frequency; the short list holds up to the original context, the long list beyond.
   *
   * @param attentionFactor what cos and sin are multiplied by: {@code sqrt(1 + ln(s) / ln(o))} for
   *     a context stretched s times from o positions, unless the configuration states it
   */
  public record LongRope(
      List<Double> shortFactors, List<Double> longFactors, double attentionFactor) {}

  /**
   * Experts of each layer.
   *
   * @param count how many there are, of which a token takes some
   * @param jitter the router's, see {@link SparseMixer}
   */
  public record Mixture(int count, double jitter) {}

  /** Layers, or experts of all layers: Phi-3.5-MoE has 512. */
  private static final int MOST_PARTS = 1 << 14;

  /** Rows of the fused query, key and value matrix: queries first, then keys, then values. */
  public int qkvRows() {
    return (heads + 2 * kvHeads) * headSize;
  }

  /**
   * Whether the attention factor is what engines that cannot be told it compute from the two
   * contexts.
   */
  public boolean usualAttention() {
    double usual =
        ConfigForm.attentionFactor(
            (double) contextLength / originalContextLength, originalContextLength);
    return longRope.isEmpty() || (float) longRope.get().attentionFactor() == (float) usual;
  }

  /** Whether the heads together are as wide as the model, which some engines take for granted. */
  public boolean headsFillHidden() {
    return heads * headSize == hidden;
  }

  /**
   * Reads and checks a {@code config.json}. Where each fact is read, and what its absence means, is
   * in docs/configuration.md.
   *
   * @param config in the form of {@link phiquant.checkpoint.ConfigForm}
   * @param where the file's name for error messages
   * @param keys the architecture's
   * @throws UserError naming the fact that is impossible or that phiquant does not compute
   */
  public static PhiConfig of(ObjectNode config, String where, ConfigKeys keys) {
    keys.check(config, where);
    Reader in = new Reader(config, where, keys);
    int hidden = in.positive("hidden_size");
    int heads = in.positive("num_attention_heads");
    int kvHeads = in.positive("num_key_value_heads", heads);
    if (heads % kvHeads != 0) {
      throw in.wrong("num_key_value_heads is " + kvHeads + ", which does not divide " + heads);
    }
    if (!config.hasNonNull("head_dim") && hidden % heads != 0) {
      throw in.wrong("num_attention_heads is " + heads + ", which does not divide " + hidden);
    }
    int headSize = in.positive("head_dim", Math.max(1, hidden / heads));
    double partial = keys.reads("partial_rotary_factor") ? in.number("partial_rotary_factor") : 1;
    if (!(partial > 0 && partial <= 1)) {
      throw in.wrong("partial_rotary_factor is " + partial + ", not between 0 and 1");
    }
    int rotary = (int) (headSize * partial);
    if (rotary < 2 || rotary % 2 != 0) {
      throw in.wrong(
          "the rotated part of a head has " + rotary + " dimensions, not an even number");
    }
    int context = in.positive("max_position_embeddings");
    int original = in.positive("original_max_position_embeddings", context);
    return new PhiConfig(
        in.positive("vocab_size"),
        hidden,
        in.positive(keys.name("intermediate_size")),
        in.layers(),
        heads,
        kvHeads,
        headSize,
        rotary,
        in.within(keys.epsilon(), 1e-30, 1),
        in.within(keys.name("rope_theta"), 1, 1e15),
        in.longRope(rotary / 2, context, original),
        context,
        original,
        keys.reads("sliding_window") && config.hasNonNull("sliding_window")
            ? Optional.of(in.positive("sliding_window", null))
            : Optional.empty(),
        in.flag("tie_word_embeddings"),
        in.mixture(),
        SmallFacts.of(in, heads, headSize));
  }

  /** A value that is short enough for a message. */
  static String shorten(Object value) {
    String text = String.valueOf(value);
    return text.length() <= 60 ? text : text.substring(0, 60) + "…";
  }

  /** Typed access with errors that name the file and the key. */
  record Reader(ObjectNode config, String where, ConfigKeys keys) {
    UserError wrong(String fact) {
      return new UserError(where + ": " + fact + ".");
    }

    int positive(String key) {
      return positive(key, null);
    }

    /** The fallback is for what has no default of its own. */
    int positive(String key, Integer other) {
      JsonNode value = keys.reads(key) ? config.path(key) : MissingNode.getInstance();
      Number stated = keys.defaults().get(key);
      Integer fallback = stated == null ? other : Integer.valueOf(stated.intValue());
      if ((value.isMissingNode() || value.isNull()) && fallback != null) {
        return fallback;
      }
      if (!value.canConvertToExactIntegral()
          || !value.canConvertToInt()
          || value.asInt() <= 0
          || value.asInt() > 1 << 28) {
        throw wrong(key + " must be a positive integer, not " + shorten(value));
      }
      return value.asInt();
    }

    double number(String key) {
      JsonNode value = config.path(key);
      if (value.isMissingNode() || value.isNull()) {
        return keys.defaults().get(key).doubleValue();
      }
      if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
        throw wrong(key + " must be a number, not " + shorten(value));
      }
      return value.asDouble();
    }

    double within(String key, double least, double most) {
      double value = number(key);
      if (!(value >= least && value <= most)) {
        throw wrong(key + " is " + value + ", not between " + least + " and " + most);
      }
      return value;
    }

    boolean flag(String key) {
      JsonNode value = config.path(key);
      if (config.hasNonNull(key) && !value.isBoolean()) {
        throw wrong(key + " must be true or false, not " + shorten(value));
      }
      return value.asBoolean(false);
    }

    /** A number of layers beyond all reason would be told from its tensors, but no sooner. */
    int layers() {
      int layers = positive("num_hidden_layers");
      int each = mixture().map(Mixture::count).orElse(1);
      if ((long) layers * each > MOST_PARTS) {
        throw wrong(
            "num_hidden_layers is "
                + layers
                + (each > 1 ? " and num_local_experts " + each : "")
                + ", which is more than any Phi has");
      }
      return layers;
    }

    Optional<Mixture> mixture() {
      if (!keys.reads("num_local_experts")) {
        return Optional.empty();
      }
      int count = positive("num_local_experts");
      if (count < SparseMixer.CHOSEN) {
        throw wrong("num_local_experts is " + count + ", fewer than a token takes");
      }
      return Optional.of(new Mixture(count, within("router_jitter_noise", 0, 1)));
    }

    Optional<LongRope> longRope(int pairs, int context, int original) {
      JsonNode scaling = config.path("rope_scaling");
      if (config.hasNonNull("rope_scaling") && !scaling.isObject()) {
        throw wrong("rope_scaling must be an object, not " + shorten(scaling));
      }
      String type = scaling.path("type").asText("default");
      if (type.equals("default")) {
        return Optional.empty();
      }
      if (!keys.reads("original_max_position_embeddings")) {
        // No engine that is at hand computes a Phi-3-small with it: mlx-lm rotates without factors.
        boolean small = keys.reads("gegelu_limit");
        throw wrong(
            "rope scaling '"
                + shorten(type)
                + "' is not supported"
                + (small
                    ? " in a Phi-3-small, so its 128k form is not: nothing that computes it is at"
                        + " hand to be held against; the 8k form is"
                    : ""));
      }
      // Early Phi-3 releases call the same thing su. Their yarn was another function than what
      // transformers makes of it, so neither is right.
      if (!type.equals("longrope") && !type.equals("su")) {
        throw wrong("rope scaling '" + shorten(type) + "' is not supported; longrope is");
      }
      double stretch = inside(scaling, "factor", (double) context / original);
      double attention =
          inside(scaling, "attention_factor", ConfigForm.attentionFactor(stretch, original));
      if (!Double.isFinite(attention)) {
        throw wrong("original_max_position_embeddings is " + original + ", too few for longrope");
      }
      return Optional.of(
          new LongRope(
              factors(scaling, "short_factor", pairs),
              factors(scaling, "long_factor", pairs),
              keys.reads("rope_scaling.short_mscale") ? stated(scaling, attention) : attention));
    }

    /** PhiMoE's own two names for it, one for each list of factors. */
    private double stated(JsonNode scaling, double fallback) {
      double attention = inside(scaling, "short_mscale", fallback);
      if (inside(scaling, "long_mscale", fallback) != attention) {
        throw wrong("rope_scaling.short_mscale and long_mscale differ, which is not supported");
      }
      return attention;
    }

    private double inside(JsonNode scaling, String key, double fallback) {
      JsonNode value = scaling.path(key);
      if (!scaling.hasNonNull(key)) {
        return fallback;
      }
      if (!value.isNumber() || !(value.asDouble() > 0) || value.asDouble() > 1e6) {
        throw wrong("rope_scaling." + key + " must be a positive number, not " + shorten(value));
      }
      return value.asDouble();
    }

    private List<Double> factors(JsonNode scaling, String key, int pairs) {
      List<Double> factors = new ArrayList<>();
      for (JsonNode factor : scaling.path(key)) {
        if (!factor.isNumber() || !(factor.asDouble() > 0) || factor.asDouble() > 1e6) {
          throw wrong("rope_scaling." + key + " must hold positive numbers");
        }
        factors.add(factor.asDouble());
      }
      if (factors.size() != pairs) {
        throw wrong(
            "rope_scaling."
                + key
                + " has "
                + factors.size()
                + " factors, the rotated part of a"
                + " head needs "
                + pairs);
      }
      return List.copyOf(factors);
    }
  }
}
