package phiquant.pipeline;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedTensor;
import phiquant.publish.Publication;
import phiquant.quant.Finite;

/**
 * The single streaming pass: reads every weight once, encodes it for all artifacts and writes it at
 * its known place. Workers take runs of rows from a common {@link Frontier} and encode them, {@link
 * Writers} write; memory is the number of their buffers times a run, whatever the model's size.
 */
public final class Pass {
  private final List<? extends Growing> outputs;
  private final List<Run> runs;
  private final Settings settings;
  private final WeightSource source;
  private final Writers writers;
  private final Frontier frontier;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final CountDownLatch encoded = new CountDownLatch(1);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * How to run.
   *
   * @param threads how many workers encode
   * @param overwrite whether existing artifacts are replaced
   * @param allowNonFinite whether NaN and infinite weights are encoded instead of refused
   * @param progress told how many source bytes are done
   */
  public record Settings(
      int threads, boolean overwrite, boolean allowNonFinite, Progress progress) {}

  /** Of some or all of what the outputs take. */
  Pass(List<? extends Growing> outputs, List<Run> runs, Settings settings, WeightSource source) {
    this.outputs = outputs;
    this.runs = runs;
    this.frontier = new Frontier(runs, settings.threads(), source);
    this.settings = settings;
    this.source = source;
    this.writers = new Writers(settings.threads());
  }

  /**
   * Makes artifacts at their destinations.
   *
   * @param source of the weights, told how far the pass is; asked now and then whether it has
   *     changed, and when all is read whether it is whole
   * @throws UserError if one cannot be made; then none is
   */
  public static void run(
      Map<Path, ArtifactPlan> artifacts, Settings settings, WeightSource source) {
    checkSpace(artifacts);
    try (Outputs outputs = Outputs.begin(artifacts, settings.overwrite(), settings.progress())) {
      new Pass(outputs.all(), Run.of(outputs.all()), settings, source).execute();
      source.requireWhole();
      outputs.publish();
    }
  }

  /**
   * Refuses what {@link #run} will refuse, as far as outlines tell, before long work begins.
   *
   * @throws UserError if a destination exists and may not be overwritten, or its disk is too small
   */
  public static void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
    outlines.keySet().forEach(path -> Publication.check(path, overwrite));
    checkSpace(outlines);
  }

  /** Does the runs, and returns when all is written. */
  void execute() {
    long total = runs.stream().mapToLong(Run::sourceBytes).sum();
    source.begin(runs.stream().mapToLong(Run::span).max().orElse(0));
    settings.progress().begin("Quantizing", total);
    List<Thread> workers = new ArrayList<>();
    for (int i = 0; i < settings.threads(); i++) {
      int worker = i;
      workers.add(Thread.ofPlatform().name("phiquant-" + i).daemon().start(() -> work(worker)));
    }
    Thread.ofPlatform().name("phiquant-writeback").daemon().start(this::writeBack);
    try {
      for (Thread worker : workers) {
        worker.join();
      }
    } catch (InterruptedException e) {
      stopped.set(true);
      throw new UserError("The run was interrupted; nothing was left behind.", e);
    } finally {
      writers.close();
      encoded.countDown();
      settings.progress().end();
    }
    Throwable problem = failure.get();
    if (problem instanceof RuntimeException unchecked) {
      throw unchecked;
    } else if (problem instanceof Error error) {
      throw error;
    } else if (problem != null) {
      throw new IllegalStateException(problem);
    }
  }

  /**
   * Makes the disk write while the workers encode. Left to itself, Linux keeps what was written in
   * memory, and the sync at the end waits for all of it. A source that is not there any more is
   * noticed on the way, for to encode the rest of it would be in vain.
   */
  private void writeBack() {
    try {
      while (!encoded.await(200, TimeUnit.MILLISECONDS)) {
        for (Growing output : outputs) {
          output.flush();
        }
        source.requireUnchanged();
      }
    } catch (UserError e) {
      fail(e);
    } catch (InterruptedException | IOException e) {
      // The pass is over; or the disk fails, which the workers or the last sync will find.
    }
  }

  private void work(int number) {
    Worker worker = new Worker();
    try {
      for (Optional<Run> run = frontier.next(number);
          run.isPresent() && !stopped.get();
          run = frontier.next(number)) {
        worker.process(run.get());
        settings.progress().advance(run.get().sourceBytes());
      }
    } catch (Throwable e) {
      fail(e);
    }
  }

  private void fail(Throwable problem) {
    failure.compareAndSet(null, problem);
    stopped.set(true);
  }

  /** One thread's floats and what it does with a run. */
  private final class Worker {
    private float[] floats = new float[0];

    void process(Run run) throws InterruptedException {
      int columns = run.columns();
      int count = Math.multiplyExact(run.rows(), columns);
      if (floats.length < count) {
        floats = new float[count];
      }
      run.read(floats);
      if (!settings.allowNonFinite()) {
        requireFinite(count, run.source());
      }
      for (Piece piece : run.wanted()) {
        encode(run, piece, columns);
      }
    }

    /** No quantized format can hold NaN or infinity. */
    private void requireFinite(int count, StoredTensor tensor) {
      if (!Finite.all(floats, count)) {
        throw new UserError(
            "The tensor '" + tensor.name() + "' holds NaN or infinite weights.",
            "Check the checkpoint; --allow-nonfinite quantizes it as the engine's own tool does.");
      }
    }

    private void encode(Run run, Piece piece, int columns) throws InterruptedException {
      PlannedTensor tensor = piece.tensor();
      int count = tensor.parts().size();
      long[] offsets = new long[count];
      long[] places = new long[count];
      long[] sizes = new long[count];
      long row = run.isVector() ? piece.at() : run.first() + piece.shift();
      int rows = run.isVector() ? Math.toIntExact(piece.rows()) : run.rows();
      long needed = 0;
      for (int i = 0; i < count; i++) {
        Part part = tensor.parts().get(i);
        offsets[i] = part.offset() + piece.bytes(part, row);
        sizes[i] = piece.bytes(part, rows);
        places[i] = OutputFile.place(needed, offsets[i]);
        needed = places[i] + sizes[i];
      }
      Writers.Buffer buffer = writers.take();
      MemorySegment bytes = buffer.atLeast(needed);
      MemorySegment[] parts = new MemorySegment[count];
      for (int i = 0; i < count; i++) {
        parts[i] = bytes.asSlice(places[i], sizes[i]);
      }
      if (run.isVector()) {
        int first = Math.toIntExact(piece.first());
        float[] wanted = Arrays.copyOfRange(floats, first, first + rows);
        tensor.encoder().encode(wanted, 1, rows, parts);
      } else {
        tensor.encoder().encode(floats, row, rows, columns, parts);
      }
      writers.write(buffer, () -> write(piece, parts, offsets));
    }
  }

  private void write(Piece piece, MemorySegment[] parts, long[] offsets) {
    try {
      for (int i = 0; i < parts.length && !stopped.get(); i++) {
        piece.output().write(piece.tensor().parts().get(i).file(), parts[i], offsets[i]);
      }
    } catch (IOException e) {
      fail(Publication.cannotWrite(piece.output().destination(), e));
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  /** Refuses to begin what the disk cannot hold. */
  static void checkSpace(Map<Path, ArtifactPlan> artifacts) {
    Map<FileStore, Long> needed = new LinkedHashMap<>();
    Map<FileStore, Path> places = new LinkedHashMap<>();
    artifacts.forEach(
        (path, plan) -> {
          try {
            FileStore store = Files.getFileStore(existing(path));
            needed.merge(store, plan.bytes(), Long::sum);
            places.putIfAbsent(store, path);
          } catch (IOException e) {
            throw Publication.cannotWrite(path, e);
          }
        });
    needed.forEach(
        (store, bytes) -> {
          try {
            if (store.getUsableSpace() < bytes) {
              throw new UserError(
                  String.format(
                      Locale.ROOT,
                      "%s: its disk has %,d MB left, %,d MB are needed.",
                      places.get(store),
                      store.getUsableSpace() / 1_000_000,
                      Math.ceilDiv(bytes, 1_000_000)));
            }
          } catch (IOException e) {
            throw new UserError("The free space of " + store + " cannot be read.", e);
          }
        });
  }

  private static Path existing(Path path) {
    Path at = path.toAbsolutePath();
    while (at.getParent() != null && !Files.exists(at)) {
      at = at.getParent();
    }
    return at;
  }
}
