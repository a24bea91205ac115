package phiquant.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import phiquant.trust.WorkerProcess.Observed;

/** Takes inputs through all commands, on all cores, and gathers what does not hold. */
final class Campaign {
  /** Figures that say how much was tried. */
  final AtomicInteger inputs = new AtomicInteger();

  final AtomicInteger accepted = new AtomicInteger();

  /** As many as a process of CI's form takes: phiquant's own takes a single command. */
  private static final int INPUTS_OF_A_PROCESS = 1100;

  private final Generator generator;
  private final Path folder;

  Campaign(Generator generator, Path folder) {
    this.generator = generator;
    this.folder = folder;
  }

  /** Tries the inputs of some numbers; what does not hold, a paragraph each. */
  List<String> run(List<Integer> numbers) throws Exception {
    AtomicInteger next = new AtomicInteger();
    int cores = Math.min(numbers.size(), Runtime.getRuntime().availableProcessors());
    List<Future<List<String>>> parts = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(cores)) {
      for (int i = 0; i < cores; i++) {
        Path own = Files.createDirectories(folder.resolve("worker-" + i));
        Callable<List<String>> part = () -> part(numbers, next, own);
        parts.add(threads.submit(part));
      }
    }
    List<String> faults = new ArrayList<>();
    for (Future<List<String>> part : parts) {
      faults.addAll(part.get());
    }
    return faults;
  }

  private List<String> part(List<Integer> numbers, AtomicInteger next, Path own)
      throws IOException, InterruptedException {
    List<String> faults = new ArrayList<>();
    WorkerProcess worker = warm(own);
    try (Readers readers = new Readers()) {
      long before = worker.kilobytes();
      int taken = 0;
      for (int i = next.getAndIncrement(); i < numbers.size(); i = next.getAndIncrement()) {
        faults.addAll(tried(worker, readers, numbers.get(i), own));
        inputs.incrementAndGet();
        taken++;
        if (!worker.isAlive() || taken == INPUTS_OF_A_PROCESS) {
          growth(worker, before).ifPresent(faults::add);
          worker.close();
          worker = warm(own);
          before = worker.kilobytes();
          taken = 0;
        }
      }
      growth(worker, before).ifPresent(faults::add);
    } finally {
      worker.close();
    }
    return faults;
  }

  /** What a process has kept of all of its inputs, if that is too much. */
  private static Optional<String> growth(WorkerProcess worker, long before) throws IOException {
    long grown = worker.isAlive() ? worker.kilobytes() - before : 0;
    return grown <= Judge.KILOBYTES
        ? Optional.empty()
        : Optional.of("A process grew by " + grown / 1000 + " MB over all of its inputs.");
  }

  /** A process that has seen a sound model of every kind, and so has compiled what it needs. */
  private WorkerProcess warm(Path own) throws IOException, InterruptedException {
    WorkerProcess worker = new WorkerProcess(own.resolve("log"));
    for (int kind = 0; kind < 2 * Generator.KINDS; kind++) {
      Path sound = own.resolve("sound");
      Input input = generator.sound(kind);
      Path path = input.write(sound);
      for (List<String> command : Commands.of(kind, input.kind, path, own.resolve("out")).all()) {
        Observed seen = worker.execute(command);
        if (seen.outcome() == null || seen.outcome().code() != 0) {
          throw new AssertionError("A sound model fails: " + command + "\n" + seen);
        }
      }
      delete(sound);
      delete(own.resolve("out"));
    }
    return worker;
  }

  private List<String> tried(WorkerProcess worker, Readers readers, int number, Path own)
      throws IOException, InterruptedException {
    List<String> faults = new ArrayList<>();
    Input input = generator.input(number);
    Path sample = own.resolve("input-" + number);
    Path out = own.resolve("out");
    Path path = input.write(sample);
    for (List<String> command : Commands.of(number, input.kind, path, out).all()) {
      Observed seen = worker.execute(command);
      if (seen.outcome() != null && seen.millis() > Judge.MILLIS) {
        seen = worker.execute(command); // Slow once may be the machine.
      }
      List<String> wrong = new ArrayList<>(Judge.faults(command.get(0), seen));
      if (seen.outcome() != null && seen.outcome().code() == 0) {
        accepted.incrementAndGet();
        if (command.get(0).equals("quantize")) {
          Stream.of(readers.differences(path, out)).filter(w -> !w.isEmpty()).forEach(wrong::add);
        }
      }
      if (seen.outcome() != null
          && seen.outcome().code() != 0
          && command.get(0).equals("quantize")
          && !isEmpty(out)) {
        wrong.add("it leaves files");
      }
      if (!wrong.isEmpty()) {
        faults.add(report(number, input, command, wrong, seen));
      }
      if (!worker.isAlive()) {
        break;
      }
    }
    if (System.getProperty("trust.keep") == null) {
      delete(sample);
    }
    delete(out);
    return faults;
  }

  private static String report(
      int number, Input input, List<String> command, List<String> wrong, Observed seen) {
    String said = seen.outcome() == null ? "" : seen.outcome().err();
    return "Input %d (%s)%n  %s%n  %s%n  %s"
        .formatted(
            number,
            String.join("; ", input.changes),
            String.join(" ", command),
            String.join("; ", wrong),
            said.length() <= 600 ? said : said.substring(0, 600) + "…");
  }

  private static boolean isEmpty(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return true;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(path);
      }
    }
  }
}
