package phiquant.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.fixtures.Fixtures;
import phiquant.tokenizer.Tokenizer;

/**
 * What each format costs, as OpenVINO measures it: perplexity of a text and Kullback-Leibler
 * divergence to the fp32 model, on smolphi-mixed. Windows of 256 tokens, every token but the first
 * scored, f32 cache and activations. Prints a Markdown table.
 */
public final class OpenVinoPerplexity {
  private static final int WINDOW = 256;
  private static final int WINDOWS = 8;

  private static final List<String> SPECS =
      List.of(
          "fp16",
          "int8",
          "int8,sym",
          "int4,sym,ratio=0.6",
          "int4,sym",
          "int4",
          "int4,group=64",
          "int4,sym,layers=all",
          "int4,layers=all",
          "nf4",
          "mxfp4");

  private OpenVinoPerplexity() {}

  /**
   * The arguments are a text file, and formats ({@code int4,sym}) or IR folders; none: usual ones.
   */
  public static void main(String[] args) throws IOException {
    List<String> wanted = new ArrayList<>(List.of("fp32"));
    wanted.addAll(args.length > 1 ? Arrays.asList(args).subList(1, args.length) : SPECS);
    Path work = Files.createTempDirectory("perplexity");
    List<Path> folders = new ArrayList<>();
    int[] ids;
    List<Double> megabytes = new ArrayList<>();
    try (Checkpoint model = Checkpoints.open(Fixtures.smolPhiMixed());
        Tokenizer tokenizer = Tokenizer.of(model)) {
      ids = Arrays.copyOf(tokenizer.encode(Files.readString(Path.of(args[0]))), WINDOW * WINDOWS);
      for (String spec : wanted) {
        Path folder =
            spec.contains("/")
                ? Path.of(spec)
                : Quantize.of(model)
                    .to("openvino:" + spec)
                    .into(work.resolve(spec.replace(',', '-')))
                    .get(0);
        folders.add(folder);
        megabytes.add(Files.size(folder.resolve("openvino_model.bin")) / 1e6);
      }
    }
    List<EnginePerplexity.Score> scores = EnginePerplexity.of("openvino", ids, WINDOW, folders);
    System.out.println("| format | MB | perplexity | KL to fp32 | same first choice |");
    System.out.println("|---|---|---|---|---|");
    for (int i = 0; i < wanted.size(); i++) {
      EnginePerplexity.Score score = scores.get(i);
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %.2f | %.4f | %.1f %% |%n",
          wanted.get(i),
          megabytes.get(i),
          score.perplexity(),
          score.kl(),
          100 * score.same());
    }
    delete(work);
  }

  private static void delete(Path folder) throws IOException {
    try (var paths = Files.walk(folder)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
