package phiquant.pipeline;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.publish.Publication;

/**
 * The artifacts of a pass, which appear together in the end or are removed together: also when a
 * signal ends the program meanwhile. Then a thread of the JVM cleans up beside the others; either
 * it or the publishing comes first, so that it never removes what has been published.
 */
final class Outputs implements AutoCloseable {
  private final List<Output> all = new ArrayList<>();
  private final Thread cleaner = new Thread(this::interrupt, "phiquant-cleaner");
  private boolean interrupted;

  private Outputs() {
    Runtime.getRuntime().addShutdownHook(cleaner);
  }

  /**
   * Begins all.
   *
   * @throws phiquant.UserError if one cannot be; then none is
   */
  static Outputs begin(Map<Path, ArtifactPlan> artifacts, boolean overwrite, Progress progress) {
    Outputs outputs = new Outputs();
    try {
      artifacts.forEach((path, plan) -> outputs.begin(path, plan, overwrite));
    } catch (RuntimeException e) {
      outputs.close();
      throw e;
    }
    outputs.all.forEach(output -> output.notices().forEach(progress::notice));
    return outputs;
  }

  private synchronized void begin(Path path, ArtifactPlan plan, boolean overwrite) {
    stopIfInterrupted();
    all.add(Output.begin(plan, path, overwrite));
  }

  List<Output> all() {
    return all;
  }

  /**
   * Syncs all, and then gives them their names.
   *
   * @throws phiquant.UserError if one cannot be written, or something else has got its name
   */
  void publish() {
    forEach(Output::complete);
    synchronized (this) {
      stopIfInterrupted();
      forEach(Output::publish);
    }
  }

  private interface Step {
    void take(Output output) throws IOException;
  }

  private void forEach(Step step) {
    for (Output output : all) {
      try {
        step.take(output);
      } catch (IOException e) {
        throw Publication.cannotWrite(output.destination(), e);
      }
    }
  }

  private synchronized void interrupt() {
    interrupted = true;
    closeAll();
  }

  /** What fails from then on fails because of that, and nobody needs to hear of it. */
  private synchronized void stopIfInterrupted() {
    while (interrupted) {
      try {
        new CountDownLatch(1).await(); // The JVM ends meanwhile.
      } catch (InterruptedException e) {
        // It ends all the same.
      }
    }
  }

  /** The last one first, for it may lie in a folder that the first one made. */
  private void closeAll() {
    for (Output output : all.reversed()) {
      try {
        output.close();
      } catch (RuntimeException e) {
        // The disk fails, which somebody else has found and says.
      }
    }
  }

  /** Removes what is not published. */
  @Override
  public synchronized void close() {
    stopIfInterrupted();
    closeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException e) {
      stopIfInterrupted(); // The program is ending; the cleaner waits for nothing any more.
    }
  }
}
