package phiquant.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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
      for (int i = next.getAndIncrement(); i < numbers.size(); i = next.getAndIncrement()) {
        faults.addAll(tried(worker, readers, numbers.get(i), own));
        inputs.incrementAndGet();
        if (!worker.isAlive()) {
          worker = warm(own);
          before = worker.kilobytes();
        }
      }
      long grown = worker.kilobytes() - before;
      if (grown > Judge.KILOBYTES) {
        faults.add("A process grew by " + grown / 1000 + " MB over all of its inputs.");
      }
    } finally {
      worker.close();
    }
    return faults;
  }

  /** A process that has seen a sound model of every kind, and so has compiled what it needs. */
  private WorkerProcess warm(Path own) throws IOException, InterruptedException {
    WorkerProcess worker = new WorkerProcess(own.resolve("log"));
    for (int kind = 0; kind < 2 * Generator.KINDS; kind++) {
      Path sound = own.resolve("sound");
      Path path = generator.sound(kind).write(sound);
      for (List<String> command : Commands.of(kind, path, own.resolve("out")).all()) {
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
    for (List<String> command : Commands.of(number, path, out).all()) {
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
