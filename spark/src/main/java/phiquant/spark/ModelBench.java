package phiquant.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import phiquant.checkpoint.Checkpoint;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * A model on one of the machines that evaluate: opened once for all of its tasks, and ready to run
 * as often as there are tasks at a time, each with one thread; the weights are mapped and common to
 * them. The last few stay open when no task needs them, for the next window will.
 */
final class ModelBench {
  /** Models that stay open without a task. */
  private static final int IDLE = 3;

  private static final Map<Key, ModelBench> OPEN = new LinkedHashMap<>();

  private record Key(ModelSource source, RunOptions options) {}

  private final Checkpoint checkpoint;
  private final Deque<LanguageModel> free = new ArrayDeque<>();
  private int tasks;

  private ModelBench(ModelSource source) {
    checkpoint = source.open();
  }

  /** Has a task done with a model. */
  static <T> T with(ModelSource source, RunOptions options, Function<LanguageModel, T> task) {
    Key key = new Key(source, options);
    ModelBench bench = take(key);
    try {
      LanguageModel model = bench.model(options);
      bench.checkpoint.requireUnchanged();
      T result = task.apply(model); // What has failed is not used again.
      bench.giveBack(model);
      return result;
    } catch (InternalError e) {
      bench.checkpoint.requireUnchanged(); // Says which file was cut, which the JVM cannot.
      throw new IllegalStateException("a mapped file cannot be read", e);
    } finally {
      leave(bench);
    }
  }

  private static ModelBench take(Key key) {
    synchronized (OPEN) {
      ModelBench bench = OPEN.remove(key);
      if (bench == null) {
        bench = new ModelBench(key.source());
      }
      OPEN.put(key, bench); // As the one that was used last.
      bench.tasks++;
      return bench;
    }
  }

  private static void leave(ModelBench done) {
    synchronized (OPEN) {
      done.tasks--;
      long idle = OPEN.values().stream().filter(bench -> bench.tasks == 0).count();
      Iterator<ModelBench> oldest = OPEN.values().iterator();
      while (idle > IDLE && oldest.hasNext()) {
        ModelBench bench = oldest.next();
        if (bench.tasks == 0) {
          oldest.remove();
          bench.close();
          idle--;
        }
      }
    }
  }

  private synchronized LanguageModel model(RunOptions options) {
    LanguageModel model = free.poll();
    return model == null ? LanguageModel.of(checkpoint, options) : model;
  }

  private synchronized void giveBack(LanguageModel model) {
    free.push(model);
  }

  private synchronized void close() {
    free.forEach(LanguageModel::close);
    checkpoint.close();
  }
}
