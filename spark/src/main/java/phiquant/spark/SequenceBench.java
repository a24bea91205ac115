package phiquant.spark;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import phiquant.checkpoint.Checkpoint;
import phiquant.importance.PartialSums;
import phiquant.importance.SequenceWalk;
import phiquant.model.phi.Family;

/**
 * Walks through a model's layers on one of the machines that calibrate: as many as it has tasks at
 * a time, each with one thread, kept from layer to layer.
 */
final class SequenceBench {
  private static final Map<ModelSource, SequenceBench> OPEN = new HashMap<>();

  private final Checkpoint checkpoint;
  private final Deque<SequenceWalk> free = new ArrayDeque<>();

  private SequenceBench(ModelSource source) {
    checkpoint = source.open();
  }

  static SequenceBench of(ModelSource source) {
    synchronized (OPEN) {
      return OPEN.computeIfAbsent(source, SequenceBench::new);
    }
  }

  private interface Use<T> {
    T with(SequenceWalk walk);
  }

  private <T> T use(int length, Use<T> use) {
    SequenceWalk walk;
    synchronized (free) {
      walk = free.poll();
    }
    if (walk == null) {
      walk = new SequenceWalk(Family.model(checkpoint), length, 1);
    }
    T result = use.with(walk); // What has failed is not used again.
    synchronized (free) {
      free.push(walk);
    }
    return result;
  }

  float[] embed(int[] tokens) {
    return use(tokens.length, walk -> walk.embed(tokens));
  }

  PartialSums pass(int layer, int length, float[] rows) {
    return use(length, walk -> walk.pass(layer, rows));
  }
}
