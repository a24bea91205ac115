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
import phiquant.engines.OrtModel;
import phiquant.fixtures.Fixtures;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.tokenizer.Tokenizer;

/**
 * What ONNX precisions cost in plain ONNX Runtime on the CPU, whose sessions can be told not to
 * round inputs on their own: perplexity of a text and Kullback-Leibler divergence to the 32-bit
 * model, on smolphi-mixed. Windows of 256 tokens, every token but the first scored. Prints a
 * Markdown table.
 */
public final class OnnxStaticPerplexity {
  private static final int WINDOW = 256;
  private static final int WINDOWS = 8;

  private OnnxStaticPerplexity() {}

  /** The arguments are a text file and what to compare with {@code onnx:fp32}. */
  public static void main(String[] args) throws Exception {
    List<String> specs = new ArrayList<>(Arrays.asList(args).subList(1, args.length));
    specs.addFirst("onnx:fp32");
    System.out.println("| spec | MB | perplexity | KL to fp32 | same first choice |");
    System.out.println("|---|---|---|---|---|");
    double[][][] reference = null;
    for (String spec : specs) {
      double[][][] given = new double[WINDOWS][][];
      long bytes;
      double loss = 0;
      double divergence = 0;
      int same = 0;
      try (Checkpoint source = Checkpoints.open(Fixtures.smolPhiMixed());
          Tokenizer tokenizer = Tokenizer.of(source)) {
        int[] ids = tokenizer.encode(Files.readString(Path.of(args[0])));
        PhiConfig config = PhiModel.of(source).config();
        Path folder =
            Quantize.of(source).to(spec).into(Files.createTempDirectory("perplexity")).get(0);
        bytes = size(folder);
        try (OrtModel model = new OrtModel(folder, config.kvHeads(), config.headSize(), true)) {
          for (int w = 0; w < WINDOWS; w++) {
            int[] window = Arrays.copyOfRange(ids, w * WINDOW, (w + 1) * WINDOW);
            given[w] =
                Arrays.stream(model.logits(window))
                    .map(OnnxStaticPerplexity::logSoftmax)
                    .toArray(double[][]::new);
            for (int t = 0; t + 1 < WINDOW; t++) {
              loss -= given[w][t][window[t + 1]];
              if (reference != null) {
                double[] exact = reference[w][t];
                for (int i = 0; i < exact.length; i++) {
                  divergence += Math.exp(exact[i]) * (exact[i] - given[w][t][i]);
                }
                same += best(exact) == best(given[w][t]) ? 1 : 0;
              }
            }
          }
        }
        delete(folder);
      }
      int scored = WINDOWS * (WINDOW - 1);
      boolean first = reference == null;
      reference = first ? given : reference;
      System.out.printf(
          Locale.ROOT,
          "| %s | %.1f | %.2f | %.4f | %.1f %% |%n",
          spec,
          bytes / 1e6,
          Math.exp(loss / scored),
          divergence / scored,
          first ? 100.0 : 100.0 * same / scored);
    }
  }

  private static int best(double[] x) {
    int best = 0;
    for (int i = 1; i < x.length; i++) {
      best = x[i] > x[best] ? i : best;
    }
    return best;
  }

  private static double[] logSoftmax(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      most = Math.max(most, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - most);
    }
    double log = most + Math.log(sum);
    double[] result = new double[logits.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = logits[i] - log;
    }
    return result;
  }

  private static long size(Path folder) throws IOException {
    long bytes = 0;
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().contains("model.onnx")).toList()) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }
}
