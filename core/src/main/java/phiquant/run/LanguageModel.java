package phiquant.run;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.picture.Tiles;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.Rope;
import phiquant.run.matrix.Panels;

/**
 * A Phi that computes logits from whatever its weights are stored as, in place in the mapped file:
 * one engine for every artifact, so that they can be compared, and so that anyone can talk to any
 * of them at once. For one caller at a time; the caches tell sequences apart.
 */
public final class LanguageModel implements AutoCloseable {
  /** Tokens that are computed together: enough to make decoding weights cheap. */
  private static final int BATCH = 256;

  /** Fewer than this are computed one by one. */
  private static final int FEW = 4;

  private final Checkpoint checkpoint;
  private final boolean owned;
  private final PhiModel model;
  private final PhiConfig config;
  private final List<String> notices;
  private final RunOptions options;
  private final Rope rope;
  private final Workers workers;
  private final TokenFlow token;
  private final PanelFlow panels;
  private final PictureRows pictures = new PictureRows();
  private Sight sight;
  private LayerObserver observer;

  private LanguageModel(Checkpoint checkpoint, RunOptions options, boolean owned) {
    this.checkpoint = checkpoint;
    this.owned = owned;
    this.options = options;
    this.model = Family.model(checkpoint);
    this.config = model.config();
    this.notices = model.notices();
    this.rope = new Rope(config, options.ropeRule());
    Network network = model.network();
    Kernels kernels = new Kernels(network);
    this.workers = new Workers(options.threads());
    Activations inputs = options.activations();
    this.token = new TokenFlow(network, kernels, config, rope, workers, inputs, pictures);
    this.panels = new PanelFlow(network, kernels, config, rope, workers, inputs, pictures);
  }

  /**
   * Of an open artifact or checkpoint, which is closed with the model or if this fails.
   *
   * @throws UserError if it is of an unsupported architecture
   */
  public static LanguageModel open(Checkpoint checkpoint, RunOptions options) {
    try {
      return new LanguageModel(checkpoint, options, true);
    } catch (RuntimeException e) {
      checkpoint.close();
      throw e;
    }
  }

  /** The same for a checkpoint that stays open. */
  public static LanguageModel of(Checkpoint checkpoint, RunOptions options) {
    return new LanguageModel(checkpoint, options, false);
  }

  /** Hyperparameters. */
  public PhiConfig config() {
    return config;
  }

  /** Where the weights come from. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** What a person should know of it, a sentence each. */
  public List<String> notices() {
    return notices;
  }

  /** Lets someone see the inputs of all linear layers from now on; null: nobody. */
  public void observe(LayerObserver observer) {
    this.observer = observer;
  }

  /**
   * An empty cache for one sequence.
   *
   * @param context tokens that it can hold
   * @throws UserError if the model was not made for so many
   */
  public KvCache cache(int context) {
    if (context < 1 || context > config.contextLength()) {
      throw new UserError(
          "A context of %d tokens is not possible: this model was made for 1 to %d."
              .formatted(context, config.contextLength()));
    }
    return new KvCache(config, context, options.cacheType());
  }

  /**
   * Appends tokens to a sequence.
   *
   * @return logits after the last one, length vocabulary
   * @throws UserError if they do not fit the cache
   */
  public float[] logits(int[] tokens, KvCache cache) {
    float[] logits = new float[config.vocabulary()];
    logits(tokens, cache, logits);
    return logits;
  }

  /**
   * The same into memory that the caller keeps: of a single token, nothing is allocated.
   *
   * @param last receives the logits after the last one, length vocabulary
   * @throws UserError if they do not fit the cache
   */
  public void logits(int[] tokens, KvCache cache, float[] last) {
    append(tokens, cache, null, last);
  }

  /**
   * Appends tokens to a sequence that goes on: what may follow is not computed.
   *
   * @throws UserError if they do not fit the cache
   */
  void read(int[] tokens, KvCache cache) {
    append(tokens, cache, null, null);
  }

  /**
   * Appends tokens to a sequence.
   *
   * @param each receives the logits after every one of them
   * @throws UserError if they do not fit the cache
   */
  public void logits(int[] tokens, KvCache cache, LogitsSink each) {
    append(tokens, cache, each, null);
  }

  /** Logits of the last token go to {@code last}, those of all to {@code each}, if not null. */
  private void append(int[] tokens, KvCache cache, LogitsSink each, float[] last) {
    if (tokens.length == 0) {
      throw new IllegalArgumentException("no tokens");
    }
    requireRoom(tokens, tokens.length, cache);
    rotate(cache, tokens.length);
    compute(tokens, cache, each, last);
  }

  /**
   * Appends one token to each of several sequences: the weights are read once for all of them, and
   * each gets the logits that it would get alone, to the last bit. A sequence whose keys have to be
   * rotated anew keeps the others waiting; see {@link #keeps}.
   *
   * @param tokens one for each
   * @param caches of which the first {@code count} are meant
   * @param logits receives what may follow in each, whether they are numbers or not
   * @throws UserError if a token does not fit its cache
   */
  public void step(int[] tokens, KvCache[] caches, int count, float[][] logits) {
    int[] one = new int[1];
    for (int i = 0; i < count; i++) {
      one[0] = tokens[i];
      requireRoom(one, 1, caches[i]);
      rotate(caches[i], 1);
      caches[i].reserve(1);
    }
    unchanged(() -> token.run(tokens, caches, count, null, logits));
    for (int i = 0; i < count; i++) {
      caches[i].append(tokens, i, 1);
    }
  }

  /** Whether a cache's keys stay as they are if its sequence grows to a length. */
  boolean keeps(KvCache cache, int length) {
    return !rope.recomputes() || rope.isLong(length, cache.context()) == cache.longFactors();
  }

  /**
   * Checks a sequence's logits.
   *
   * @throws UserError if they are no numbers
   */
  void requireSound(float[] logits) {
    Sound.require(logits, model);
  }

  /** The threads that compute, for what else is to be done between tokens. */
  Workers workers() {
    return workers;
  }

  private void requireRoom(int[] tokens, int count, KvCache cache) {
    int length = cache.length() + count;
    if (length > cache.context()) {
      throw new UserError(
          "%d tokens do not fit a context of %d.".formatted(length, cache.context()),
          "Shorten the text, or allow a larger context.");
    }
    for (int token : tokens) {
      if (token < 0 ? !pictures.knows(token) : token >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "token %d of a vocabulary of %d".formatted(token, config.vocabulary()));
      }
    }
  }

  /** Takes the factors that so many more tokens want, and computes keys anew if they change. */
  private void rotate(KvCache cache, int more) {
    int length = Math.max(cache.expected(), cache.length() + more);
    boolean longFactors = rope.isLong(length, cache.context());
    if (longFactors != cache.longFactors()) {
      int[] before = cache.tokens();
      cache.longFactors(longFactors);
      if (rope.recomputes() && before.length > 0) {
        cache.truncate(0);
        compute(before, cache, null, null);
      }
    }
  }

  private void compute(int[] tokens, KvCache cache, LogitsSink each, float[] last) {
    unchanged(() -> computeAll(tokens, cache, each == null ? null : sound(each), last));
    if (last != null) {
      Sound.require(last, model);
    }
  }

  /** Whether it can be shown pictures. */
  public boolean sees() {
    return model.vision().isPresent();
  }

  /** Whether it has a tower that nothing is computed with here. */
  boolean isApartFromTower() {
    return model.siglip().isPresent();
  }

  /**
   * Looks at pictures that it has not seen yet, and forgets those that are in neither place.
   *
   * @param asked of a prompt, each by its first token's place
   * @param held where other pictures begin, of which a cache has tokens
   */
  void look(Map<Integer, Tiles> asked, Set<Integer> held) {
    Set<Integer> kept = new HashSet<>(held);
    kept.addAll(asked.keySet());
    pictures.retain(kept);
    for (Map.Entry<Integer, Tiles> picture : asked.entrySet()) {
      if (!pictures.has(picture.getKey())) {
        checkpoint.requireUnchanged();
        pictures.put(picture.getKey(), sight().rows(picture.getValue()));
      }
    }
  }

  /** The features of a picture's token that was looked at, of the model's width. */
  float[] row(int token) {
    float[] row = new float[config.hidden()];
    pictures.read(token, row);
    return row;
  }

  /** Made when the first picture comes: a text needs none of it. */
  Sight sight() {
    if (sight == null) {
      sight = new Sight(model.vision().orElseThrow(), workers);
    }
    return sight;
  }

  /** Says which file it was, if one has changed: what the weights were is then unknown. */
  private void unchanged(Runnable computation) {
    checkpoint.requireUnchanged();
    try {
      computation.run();
    } catch (InternalError | IllegalStateException e) {
      checkpoint.requireUnchanged();
      throw e;
    }
  }

  private LogitsSink sound(LogitsSink each) {
    return (index, logits) -> {
      Sound.require(logits, model);
      each.accept(index, logits);
    };
  }

  private void computeAll(int[] tokens, KvCache cache, LogitsSink each, float[] last) {
    float[] own = last == null && each != null ? new float[config.vocabulary()] : null;
    for (int from = 0; from < tokens.length; ) {
      int count = Math.min(BATCH, tokens.length - from);
      count = count < FEW ? 1 : count;
      boolean isLast = from + count == tokens.length;
      cache.reserve(count);
      if (count == 1) {
        float[] logits = isLast && last != null ? last : own;
        token.run(tokens[from], cache, observer, logits);
        cache.append(tokens, from, 1);
        if (own != null) {
          each.accept(from, own);
        }
      } else {
        Panels x = panels.run(tokens, from, count, cache, observer);
        cache.append(tokens, from, count);
        if (own != null) {
          panels.logits(x, from, observer, each);
        } else if (isLast && last != null) {
          token.logits(x, count - 1, observer, last);
        }
      }
      from += count;
    }
  }

  @Override
  public void close() {
    workers.close();
    if (owned) {
      checkpoint.close();
    }
  }
}
