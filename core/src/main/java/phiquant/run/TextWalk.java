package phiquant.run;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.KvCache;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.attention.Rope;
import phiquant.run.matrix.Panels;

/**
 * The network's verbs for a whole text at once: all of its sequences pass one verb before the next.
 * So who chooses a matrix by what it will be multiplied with ({@link TextReader}) sees all inputs
 * first, of layers that he has chosen before. What need not be kept between verbs is made again for
 * each sequence; a product remembers its inputs until a verb takes it, so that the addition that
 * takes it can say what it is added to. Nothing is rounded that the reader has not rounded. For one
 * caller at a time.
 */
public final class TextWalk implements Flow<TextWalk.Term>, AutoCloseable {
  private final PhiModel model;
  private final Network network;
  private final int[][] sequences;
  private final int length;
  private final Workers workers;
  private final Kernels kernels;
  private final PanelFlow panels;

  /** What is kept of a layer, until it has been passed. */
  private final Lending<float[]> ofLayer;

  /** What is asked for of a sequence, until the next is. */
  private final Lending<Panels> asked;

  private final Map<Integer, float[]> shown = new HashMap<>();
  private TextReader reader;

  /** Numbers of all tokens, kept or made when they are asked for. */
  interface Term {
    /** Those of one sequence, which are valid until the next are asked for. */
    PanelTerm of(int sequence);
  }

  /** Shape {@code [sequences][tokens, size]}. */
  private record Kept(TextWalk walk, int size, float[][] rows) implements Term {
    @Override
    public PanelTerm of(int sequence) {
      return new PanelTerm.Features(walk.panels(size, rows[sequence]));
    }
  }

  /** Not multiplied yet. */
  private record Product(TextWalk walk, Linear linear, Term x) implements Term {
    @Override
    public PanelTerm of(int sequence) {
      return walk.panels.linear(linear, x.of(sequence));
    }
  }

  /**
   * Reads headers, norms and biases only.
   *
   * @param sequences tokens, all of one length, which the model was made for
   */
  public TextWalk(PhiModel model, int[][] sequences, int threads) {
    this.model = model;
    this.network = model.network();
    this.sequences = sequences;
    this.length = sequences[0].length;
    this.workers = new Workers(threads);
    this.kernels = new Kernels(network);
    PhiConfig config = model.config();
    Rope rope = new Rope(config, LongRopeRule.CHECKPOINT);
    KvCache cache = new KvCache(config, length, CacheType.F32);
    cache.longFactors(rope.isLong(length, length));
    cache.reserve(length);
    this.ofLayer = new Lending<>(size -> new float[Math.multiplyExact(length, size)]);
    this.asked = new Lending<>(size -> new Panels(size, length));
    this.panels = new PanelFlow(network, kernels, config, rope, workers, Activations.F32);
    panels.begin(length, cache, null);
  }

  /** Takes the text through all layers, and shows what comes before the head. */
  public void run(TextReader reader) {
    this.reader = reader;
    Term stream = embed(network.embedding());
    for (int layer = 0; layer < network.blocks().size(); layer++) {
      stream = settled(network.blocks().get(layer).of(stream, layer, this), stream);
      reader.passed(layer);
    }
    network.logits(stream, this);
  }

  /** Does tasks on all threads of the walk. */
  public void each(int count, IntConsumer task) {
    workers.run(
        count,
        1,
        (from, to, worker) -> {
          for (int i = from; i < to; i++) {
            task.accept(i);
          }
        });
  }

  /** A layer's last sum, moved to where the one before it was: nothing else of the layer stays. */
  private Term settled(Term sum, Term before) {
    for (int s = 0; s < sequences.length; s++) {
      float[] from = rows(sum, s);
      System.arraycopy(from, 0, rows(before, s), 0, from.length);
    }
    ofLayer.takeBack();
    return before;
  }

  @Override
  public Term embed(Weight table) {
    int hidden = model.config().hidden();
    StoredTensor rows = reader.table(table);
    float[][] stream = new float[sequences.length][length * hidden];
    for (int s = 0; s < sequences.length; s++) {
      for (int t = 0; t < length; t++) {
        rows.read(sequences[s][t], 1, stream[s], t * hidden);
      }
    }
    return new Kept(this, hidden, stream);
  }

  @Override
  public Term norm(Norm norm, Term x) {
    return sequence -> panels.norm(norm, x.of(sequence));
  }

  @Override
  public Term linear(Linear linear, Term x) {
    return new Product(this, linear, x);
  }

  @Override
  public Term attend(Attention attention, Term qkv, int layer) {
    choose(qkv, Optional.empty());
    return kept(sequence -> panels.attend(attention, qkv.of(sequence), layer), qkv);
  }

  @Override
  public Term gate(Mlp mlp, Term gateUp) {
    choose(gateUp, Optional.empty());
    return kept(sequence -> panels.gate(mlp, gateUp.of(sequence)), gateUp);
  }

  @Override
  public Term activate(Activation activation, Term x) {
    choose(x, Optional.empty());
    return kept(sequence -> panels.activate(activation, x.of(sequence)), x);
  }

  @Override
  public Term experts(Experts experts, Term x, Term scores) {
    throw new IllegalArgumentException("mixtures are not read so");
  }

  @Override
  public Term add(Term stream, Term branch) {
    // A branch to which another is added has no errors of its own to make up for.
    choose(stream, Optional.empty());
    choose(branch, stream instanceof Kept kept ? Optional.of(seen(kept)) : Optional.empty());
    Kept sum =
        kept(sequence -> panels.add(stream.of(sequence), branch.of(sequence)), stream, branch);
    for (int s = 0; s < sequences.length; s++) {
      reader.added(s, sum.rows[s]);
    }
    return sum;
  }

  @Override
  public Term head(Linear head, Term x) {
    reader.head(head, seen(x));
    return x;
  }

  private void choose(Term term, Optional<TextReader.Features> stream) {
    if (term instanceof Product product) {
      StoredTensor matrix = reader.matrix(product.linear, seen(product.x), stream);
      kernels.use(product.linear, matrix);
    }
  }

  /** Computes what is kept; matrices that were chosen for it are needed no more. */
  private Kept kept(Term term, Term... from) {
    float[][] rows = new float[sequences.length][];
    int size = 0;
    for (int s = 0; s < rows.length; s++) {
      asked.takeBack();
      Panels x = panels.panels(term.of(s));
      size = x.features();
      rows[s] = ofLayer.lend(size);
      copy(x, rows[s]);
      Sound.require(rows[s], model);
    }
    for (Term one : from) {
      if (one instanceof Product product) {
        kernels.use(product.linear, product.linear.matrix());
      }
    }
    return new Kept(this, size, rows);
  }

  private TextReader.Features seen(Term term) {
    return new TextReader.Features() {
      @Override
      public int size() {
        return term instanceof Kept kept ? kept.size : panels.panels(term.of(0)).features();
      }

      @Override
      public float[] of(int sequence) {
        return rows(term, sequence);
      }
    };
  }

  /** Valid until those of the same size are asked for again. */
  private float[] rows(Term term, int sequence) {
    if (term instanceof Kept kept) {
      return kept.rows[sequence];
    }
    asked.takeBack();
    Panels x = panels.panels(term.of(sequence));
    float[] rows = shown.computeIfAbsent(x.features(), size -> new float[length * size]);
    copy(x, rows);
    return rows;
  }

  private void copy(Panels x, float[] rows) {
    each(x.count(), p -> x.toRows(p, rows));
  }

  private Panels panels(int size, float[] rows) {
    Panels x = asked.lend(size);
    each(x.count(), p -> x.fromRows(p, rows));
    return x;
  }

  @Override
  public void close() {
    workers.close();
  }
}
