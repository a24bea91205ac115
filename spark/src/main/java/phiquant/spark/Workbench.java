package phiquant.spark;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.WeightSource;
import phiquant.cli.QuantizeOrder;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;
import phiquant.pipeline.PlanHash;
import phiquant.pipeline.Progress;
import phiquant.pipeline.SharedOutput;
import phiquant.publish.Publication;

/**
 * A pass on one of the machines that do shares of it: the model open, the plans made once for all
 * of its tasks, the artifacts' files opened where they grow. Some stay for a while when no task
 * needs them, for the next one will.
 */
final class Workbench {
  /** Passes that stay open without a task. */
  private static final int IDLE = 2;

  private static final Map<PassOrder, Workbench> OPEN = new LinkedHashMap<>();

  private final QuantizeOrder order;
  private final Division division;
  private final List<SharedOutput> outputs = new ArrayList<>();
  private final Pass.Settings settings;
  private final WeightSource source;
  private int tasks;

  private Workbench(PassOrder pass) {
    if (!pass.version().equals(Version.NUMBER)) {
      throw new UserError(
          "%s has phiquant %s, the driver %s.".formatted(host(), Version.NUMBER, pass.version()));
    }
    order = QuantizeOrder.of(pass.arguments());
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
      for (int i = 0; i < plans.size(); i++) {
        outputs.add(new SharedOutput(plans.get(i), Path.of(pass.places().get(i))));
      }
    } catch (RuntimeException e) {
      order.close();
      throw e;
    }
    division = Division.of(outputs);
    Pass.Settings given = order.quantize().settings();
    settings = new Pass.Settings(1, false, given.allowNonFinite(), Progress.NONE);
    WeightSource all = order.quantize().source();
    // Shares come in any order, so what arrives by network is asked for by its ranges.
    source = all::requireUnchanged;
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

  /** Does a share, and brings it to the disk. */
  void execute(Division.Share share) {
    source.requireUnchanged();
    try {
      division.execute(share, settings, source);
    } catch (InternalError e) {
      source.requireUnchanged(); // Says which file was cut, which the JVM cannot.
      throw new IllegalStateException("a mapped file cannot be read", e);
    }
    for (SharedOutput output : outputs) {
      try {
        output.sync();
      } catch (IOException e) {
        throw Publication.cannotWrite(output.destination(), e);
      }
    }
  }

  private void close() {
    outputs.forEach(SharedOutput::close);
    order.close();
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
