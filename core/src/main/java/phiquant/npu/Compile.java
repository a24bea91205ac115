package phiquant.npu;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.publish.Publication;

/**
 * Makes of a folder with graphs of fixed sizes one with binaries for chips. The graphs for prompts
 * and for tokens share their weights in one binary if it is for one chip; the library does not do
 * that for several, whose binaries are in one file instead. For one chip the result is run in the
 * library's simulator and held against the CPU.
 */
public final class Compile {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What may lie between 16 bits and 32 bits over all layers; what is computed wrongly is far. */
  private static final double TOLERANCE = 0.1;

  private final NpuFolder folder;
  private List<Chip> chips = List.of(Chip.X_ELITE);
  private Optional<Path> qnn = Optional.empty();
  private boolean overwrite;
  private boolean simulated = true;
  private Consumer<String> progress = line -> {};

  /**
   * What came of it.
   *
   * @param qnn version of onnxruntime-qnn
   * @param seconds that compiling took
   * @param bytes of binaries
   * @param error of logits in the simulator, of the CPU's largest; absent if it was not run
   */
  public record Result(String qnn, double seconds, long bytes, OptionalDouble error) {}

  private Compile(NpuFolder folder) {
    this.folder = folder;
  }

  /**
   * Of a folder.
   *
   * @throws UserError if its graphs are not for an NPU
   */
  public static Compile of(Path folder) {
    return new Compile(NpuFolder.open(folder));
  }

  /** For other chips than the Snapdragon X Elite. */
  public Compile chips(List<Chip> chosen) {
    chips = List.copyOf(chosen);
    return this;
  }

  /** With the onnxruntime-qnn of this Python, or of the environment in this folder. */
  public Compile qnn(Optional<Path> place) {
    qnn = place;
    return this;
  }

  public Compile overwrite(boolean may) {
    overwrite = may;
    return this;
  }

  /** Whether one chip's result is run in the simulator, which takes as long as compiling. */
  public Compile simulated(boolean wanted) {
    simulated = wanted;
    return this;
  }

  /** Who hears of each step, in a line. */
  public Compile progress(Consumer<String> lines) {
    progress = lines;
    return this;
  }

  /** Where the result lies unless told: beside the folder, under its name and the chips'. */
  public Path usualOutput() {
    String labels = chips.stream().map(Chip::label).collect(Collectors.joining("-"));
    Path path = folder.path().toAbsolutePath().normalize();
    return path.resolveSibling(path.getFileName() + "-" + labels);
  }

  /**
   * Compiles into a folder, which appears whole or not at all.
   *
   * @throws UserError if the library is missing, refuses a graph or computes it otherwise
   */
  public Result into(Path output) {
    chips.forEach(folder::requireFor);
    try (Publication publication = Publication.begin(output, overwrite)) {
      Path made = Files.createDirectories(publication.path());
      Path scratch = Files.createTempDirectory("phiquant-npu");
      try {
        Result result = into(made, scratch);
        publication.publish();
        return result;
      } finally {
        delete(scratch);
      }
    } catch (IOException e) {
      throw new UserError(output + " cannot be written: " + e.getMessage() + ".", e);
    }
  }

  private Result into(Path made, Path scratch) throws IOException {
    QnnPython python = QnnPython.find(qnn, scratch);
    progress.accept(
        "onnxruntime-qnn %s, for %s"
            .formatted(
                python.qnn(),
                chips.stream().map(Chip::description).collect(Collectors.joining("; "))));
    if (!python.doubt().isEmpty()) {
      progress.accept("note: " + python.doubt());
    }
    boolean one = chips.size() == 1;
    List<List<String>> together =
        one
            ? folder.together()
            : folder.together().stream().flatMap(List::stream).map(List::of).toList();
    Report report = new Report();
    for (List<String> graphs : together) {
      Path job = scratch.resolve("job.json");
      JSON.writeValue(job.toFile(), job(graphs, made, scratch));
      String failure = python.run(List.of("compile", job.toString()), report);
      if (!failure.isEmpty()) {
        throw refused(graphs, failure, python.refused());
      }
    }
    if (report.error.isPresent() && report.error.getAsDouble() > TOLERANCE) {
      throw new UserError(
          "The simulator computes %.0f %% off the CPU; nothing was written."
              .formatted(100 * report.error.getAsDouble()));
    }
    long bytes = binaries(made);
    for (Path file : folder.kept()) {
      Files.copy(file, made.resolve(file.getFileName()));
    }
    Files.write(made.resolve("genai_config.json"), folder.compiledConfig(one));
    sync(made);
    return new Result(python.qnn(), report.seconds, bytes, report.error);
  }

  private ObjectNode job(List<String> graphs, Path made, Path scratch) {
    ObjectNode job = JSON.createObjectNode();
    job.put("folder", folder.path().toAbsolutePath().toString());
    job.put("out", made.toAbsolutePath().toString());
    graphs.forEach(job.putArray("graphs")::add);
    job.put(
        "chips", chips.stream().map(chip -> "" + chip.number()).collect(Collectors.joining(",")));
    // Beside a chip the architecture decides nothing, but it is recorded: it has to be the chip's.
    boolean one = chips.size() == 1;
    job.put("architecture", one ? "" + chips.getFirst().architecture() : "");
    job.put("check", one && simulated);
    job.put("state", scratch.resolve("state.npz").toString());
    job.put("padding", folder.padding());
    int vocabulary = folder.vocabulary();
    IntStream.range(0, 6)
        .map(i -> (7919 * i + 13) % vocabulary)
        .forEach(job.putArray("tokens")::add);
    return job;
  }

  private static UserError refused(
      List<String> graphs, String failure, RefusedOperators operators) {
    String names = String.join(", ", graphs);
    return operators.isEmpty()
        ? new UserError("Compiling failed (" + names + "): " + failure + ".")
        : new UserError(
            "The HTP does not take these operators (" + names + "): " + operators.summary() + ".",
            "onnxruntime-qnn %s takes all that quantize --to onnx:int4,device=npu writes."
                .formatted(QnnPython.TRIED));
  }

  /** What the script says as it goes on. */
  private final class Report implements Consumer<ObjectNode> {
    private double seconds;
    private OptionalDouble error = OptionalDouble.empty();

    @Override
    public void accept(ObjectNode said) {
      if (said.has("graph")) {
        seconds += said.path("seconds").asDouble();
        progress.accept(
            "%s: all on the HTP, %.0f s"
                .formatted(said.path("graph").asText(), said.path("seconds").asDouble()));
      }
      if (said.has("checked")) {
        double found = said.path("checked").asDouble();
        error = OptionalDouble.of(Math.max(error.orElse(0), found));
        progress.accept("simulated: %.2f %% off the CPU".formatted(100 * found));
      }
    }
  }

  private static long binaries(Path made) throws IOException {
    try (Stream<Path> all = Files.list(made)) {
      List<Path> files =
          new ArrayList<>(all.filter(file -> file.toString().endsWith(".bin")).toList());
      long bytes = 0;
      for (Path file : files) {
        bytes += Files.size(file);
      }
      return bytes;
    }
  }

  private static void sync(Path made) throws IOException {
    try (Stream<Path> all = Files.list(made)) {
      for (Path file : all.toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
  }

  private static void delete(Path scratch) throws IOException {
    try (Stream<Path> all = Files.list(scratch)) {
      for (Path file : all.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(scratch);
  }
}
