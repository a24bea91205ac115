package phiquant.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.fixtures.Fixtures;
import phiquant.tokenizer.Tokenizer;

/**
 * What each format of an engine costs, as the engine itself measures it: perplexity of a text and
 * Kullback-Leibler divergence to the fp32 model, on smolphi-mixed. Windows of 256 tokens, every
 * token but the first scored.
 *
 * @param engine as in {@code --to} and in {@link EnginePerplexity}
 * @param column what the engine calls a format
 * @param weights the files of a model whose size counts
 * @param windows how many
 */
record QualityTable(String engine, String column, List<String> weights, int windows) {
  private static final int WINDOW = 256;

  QualityTable(String engine, String column, List<String> weights) {
    this(engine, column, weights, 8);
  }

  /**
   * Prints a Markdown table.
   *
   * @param args a text file, and formats or folders
   * @param usual the formats if there are none
   */
  void print(String[] args, List<String> usual) throws IOException {
    List<String> wanted = new ArrayList<>(List.of("fp32"));
    wanted.addAll(args.length > 1 ? Arrays.asList(args).subList(1, args.length) : usual);
    Path work = Files.createTempDirectory("perplexity");
    List<Path> folders = new ArrayList<>();
    int[] ids;
    try (Checkpoint model = Checkpoints.open(Fixtures.smolPhiMixed());
        Tokenizer tokenizer = Tokenizer.of(model)) {
      ids = Arrays.copyOf(tokenizer.encode(Files.readString(Path.of(args[0]))), WINDOW * windows);
      for (String spec : wanted) {
        Path into = work.resolve("" + folders.size());
        folders.add(
            Files.isDirectory(Path.of(spec))
                ? Path.of(spec)
                : Quantize.of(model).to(target() + ":" + spec).into(into).get(0));
      }
    }
    List<EnginePerplexity.Score> scores = EnginePerplexity.of(engine, ids, WINDOW, folders);
    System.out.printf("| %s | MB | perplexity | KL to fp32 | same first choice |%n", column);
    System.out.println("|---|---|---|---|---|");
    for (int i = 0; i < wanted.size(); i++) {
      EnginePerplexity.Score score = scores.get(i);
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %.2f | %.4f | %.1f %% |%n",
          wanted.get(i),
          megabytes(folders.get(i)),
          score.perplexity(),
          score.kl(),
          100 * score.same());
    }
    try (var paths = Files.walk(work)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private String target() {
    return engine.equals("npu") ? "onnx" : engine;
  }

  private double megabytes(Path folder) throws IOException {
    long bytes = 0;
    for (String file : weights) {
      if (Files.exists(folder.resolve(file))) {
        bytes += Files.size(folder.resolve(file));
      }
    }
    return bytes / 1e6;
  }
}
