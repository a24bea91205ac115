package phiquant.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.WeightSource;
import phiquant.cli.QuantizeOrder;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;
import phiquant.pipeline.PlanHash;
import phiquant.pipeline.Progress;

/**
 * A pass on one of the machines that do shares of it: the model open, the plans made once for all
 * of its tasks, with as many {@link Bay}s as there are tasks at a time. Some stay for a while when
 * no task needs them, for the next one will.
 */
final class Workbench {
  /** Passes that stay open without a task. */
  private static final int IDLE = 2;

  private static final Map<PassOrder, Workbench> OPEN = new LinkedHashMap<>();

  /** What the driver has laid out, by the pass, where its own process does the shares. */
  private static final Map<String, Laid> LENT = new ConcurrentHashMap<>();

  private final Laid laid;
  private final PassOrder pass;
  private final Optional<StorePath> parts;
  private final Deque<Bay> free = new ArrayDeque<>();
  private final Pass.Settings settings;
  private final WeightSource source;
  private int tasks;

  /**
   * What a pass needs on a machine.
   *
   * @param source of the weights
   * @param allowNonFinite whether NaN and infinite weights are encoded instead of refused
   * @param close lets the model go
   */
  record Laid(
      List<ArtifactPlan> plans, WeightSource source, boolean allowNonFinite, Runnable close) {
    /** As another machine than the driver's makes it, from the same arguments. */
    static Laid of(PassOrder pass) {
      QuantizeOrder order = QuantizeOrder.of(pass.arguments());
      try {
        if (!order.source().stamp().equals(pass.source())) {
          throw new UserError(
              "%s is not the same on %s as it was for the driver."
                  .formatted(order.source().path(), host()),
              "It must not change while a job runs, and all machines must see the same.");
        }
        List<ArtifactPlan> all = List.copyOf(order.artifacts().values());
        List<ArtifactPlan> plans = pass.artifacts().stream().map(all::get).toList();
        if (!PlanHash.of(plans).equals(pass.hash())) {
          throw new UserError(
              "%s plans otherwise than the driver: a file that the command names differs there."
                  .formatted(host()));
        }
        Pass.Settings given = order.quantize().settings();
        return new Laid(plans, order.quantize().source(), given.allowNonFinite(), order::close);
      } catch (RuntimeException e) {
        order.close();
        throw e;
      }
    }
  }

  private Workbench(PassOrder pass) {
    if (!pass.version().equals(Version.NUMBER)) {
      throw new UserError(
          "%s has phiquant %s, the driver %s.".formatted(host(), Version.NUMBER, pass.version()));
    }
    this.pass = pass;
    laid = pass.here() ? LENT.get(pass.run()) : Laid.of(pass);
    parts = StorePath.of(pass.places().getFirst());
    settings = new Pass.Settings(1, false, laid.allowNonFinite(), Progress.NONE);
    // Shares come in any order, so what arrives by network is asked for by its ranges.
    source = laid.source()::requireUnchanged;
  }

  /** Lends what the driver has laid out to tasks in its own process, until it is taken back. */
  static void lend(String run, Laid laid) {
    LENT.put(run, laid);
  }

  /** Nobody does that pass any more. */
  static void takeBack(String run) {
    LENT.remove(run);
  }

  /** The bench for a pass, opened if it is not. */
  static Workbench take(PassOrder pass) {
    synchronized (OPEN) {
      Workbench bench = OPEN.remove(pass);
      if (bench == null) {
        bench = new Workbench(pass);
      }
      OPEN.put(pass, bench); // As the one that was used last.
      bench.tasks++;
      return bench;
    }
  }

  /** A task is done with it. */
  void giveBack() {
    synchronized (OPEN) {
      tasks--;
      long idle = OPEN.values().stream().filter(bench -> bench.tasks == 0).count();
      Iterator<Workbench> oldest = OPEN.values().iterator();
      while (idle > IDLE && oldest.hasNext()) {
        Workbench bench = oldest.next();
        if (bench.tasks == 0) {
          oldest.remove();
          bench.close();
          idle--;
        }
      }
    }
  }

  /** Does a share, and brings it to where it is kept. */
  List<Extent> execute(Division.Share share) {
    source.requireUnchanged();
    Bay bay = bay();
    try {
      List<Extent> extents = bay.execute(share, settings, source);
      synchronized (free) {
        free.push(bay); // What has failed is not used again.
      }
      return extents;
    } catch (InternalError e) {
      source.requireUnchanged(); // Says which file was cut, which the JVM cannot.
      throw new IllegalStateException("a mapped file cannot be read", e);
    }
  }

  private Bay bay() {
    synchronized (free) {
      if (!free.isEmpty()) {
        return free.pop();
      }
    }
    return parts.isPresent()
        ? new PartBay(laid.plans(), parts.get())
        : new SharedBay(laid.plans(), pass.places(), !pass.here());
  }

  private void close() {
    synchronized (free) {
      free.forEach(Bay::close);
    }
    laid.close().run();
  }

  /** This machine's name. */
  static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (IOException e) {
      return "a machine without a name";
    }
  }
}
