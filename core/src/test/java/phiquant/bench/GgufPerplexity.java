package phiquant.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;

/**
 * What each file type costs, as llama.cpp measures it: perplexity of a text and Kullback-Leibler
 * divergence to the F32 file, on smolphi-mixed. Windows of 256 tokens, every token but the first
 * scored, f32 cache. Prints a Markdown table.
 */
public final class GgufPerplexity {
  private static final int WINDOW = 256;
  private static final int WINDOWS = 8;

  private GgufPerplexity() {}

  /** The arguments are a text file and file types; none means all. */
  public static void main(String[] args) throws IOException {
    String text = Files.readString(Path.of(args[0]));
    Path folder = Files.createTempDirectory("perplexity");
    float[][][] reference = null;
    System.out.println(
        "| type | MB | bits per weight | perplexity | KL to F32 | same first choice |");
    System.out.println("|---|---|---|---|---|---|");
    List<String> wanted = Arrays.asList(args).subList(1, args.length);
    for (GgufFileType type : GgufFileType.values()) {
      boolean asked = wanted.isEmpty() || wanted.contains(type.name());
      if (!asked && type != GgufFileType.F32) {
        continue;
      }
      try (Checkpoint model = Checkpoints.open(Fixtures.smolPhiMixed())) {
        Path file = Quantize.of(model).to("gguf:" + type).into(folder).get(0);
        try (LlamaLibrary.Session session =
            LlamaLibrary.open(Engines.llamaLibrary()).load(file, WINDOW)) {
          int[] ids = session.tokenize(text, false);
          float[][][] logits = new float[WINDOWS][][];
          double loss = 0;
          double divergence = 0;
          int same = 0;
          int scored = 0;
          for (int w = 0; w < WINDOWS; w++) {
            int[] window = Arrays.copyOfRange(ids, w * WINDOW, (w + 1) * WINDOW);
            logits[w] = session.logits(window);
            for (int t = 0; t + 1 < WINDOW; t++) {
              double[] ours = logSoftmax(logits[w][t]);
              loss -= ours[window[t + 1]];
              scored++;
              if (reference != null) {
                double[] exact = logSoftmax(reference[w][t]);
                for (int i = 0; i < ours.length; i++) {
                  divergence += Math.exp(exact[i]) * (exact[i] - ours[i]);
                }
                same +=
                    LlamaLibrary.argmax(logits[w][t]) == LlamaLibrary.argmax(reference[w][t])
                        ? 1
                        : 0;
              }
            }
          }
          boolean first = reference == null;
          reference = first ? logits : reference;
          System.out.printf(
              Locale.ROOT,
              "| %s | %.1f | %.2f | %.2f | %.4f | %.1f %% |%n",
              type,
              Files.size(file) / 1e6,
              8.0 * Files.size(file) / 191.16e6,
              Math.exp(loss / scored),
              divergence / scored,
              first ? 100.0 : 100.0 * same / scored);
        }
        Files.delete(file);
      }
    }
  }

  private static double[] logSoftmax(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      max = Math.max(max, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - max);
    }
    double log = max + Math.log(sum);
    double[] result = new double[logits.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = logits[i] - log;
    }
    return result;
  }
}
