package phiquant.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.eval.EvaluationText;
import phiquant.eval.PairedLosses;
import phiquant.eval.Windows;
import phiquant.fixtures.Fixtures;
import phiquant.run.Activations;
import phiquant.tokenizer.Tokenizer;

/**
 * How much perplexities differ between our engine and an artifact's own with the same rounded
 * activations, on more and more windows of a text: a difference by chance shrinks like the root of
 * their count, one that has a cause does not. Prints a Markdown table.
 */
public final class EngineDifference {
  private EngineDifference() {}

  /** The arguments are mixed, wide or 135m, a text file, windows (as 128x256) and targets. */
  public static void main(String[] args) throws IOException {
    Path model =
        switch (args[0]) {
          case "mixed" -> Fixtures.smolPhiMixed();
          case "wide" -> Fixtures.smolPhiWide();
          default -> Fixtures.smolPhi135m();
        };
    String[] sizes = args[2].split("x");
    Path folder = Files.createTempDirectory("difference");
    System.out.println(
        "| target | windows | theirs | ours | difference | standard error | a token's |");
    System.out.println("|---|---|---|---|---|---|---|");
    for (String target : Arrays.copyOfRange(args, 3, args.length)) {
      Windows windows;
      Path artifact;
      try (Checkpoint checkpoint = Checkpoints.open(model);
          Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
        EvaluationText text = EvaluationText.of(Path.of(args[1]));
        int[] ids = tokenizer.encode(text.text());
        windows = Windows.cut(text, ids, Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]));
        artifact = Quantize.of(checkpoint).to(target).into(folder).get(0);
      }
      String format = target.split(":")[0];
      String engine = format.equals("openvino") ? "openvino-int8" : format;
      PairedLosses all = PairedLosses.of(engine, artifact, windows, Activations.INT8);
      for (int count = Math.min(8, windows.count()); count <= windows.count(); count *= 2) {
        PairedLosses some = all.first(count);
        System.out.printf(
            Locale.ROOT,
            "| %s | %d | %.3f | %.3f | %+.2f %% | %.2f %% | %.3f |%n",
            target,
            count,
            EnginePerplexity.perplexity(some.theirs()),
            EnginePerplexity.perplexity(some.ours()),
            100 * some.difference(),
            100 * some.standardError(),
            some.spread());
      }
    }
  }
}
