package phiquant.engines;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How well the real engines predict a text with our artifacts: for benchmarks, and to judge our own
 * evaluation by.
 */
public final class EnginePerplexity {
  /**
   * One artifact's.
   *
   * @param losses {@code -ln p} of every token but the windows' first
   * @param kl mean Kullback-Leibler divergence from the first artifact, in nats
   * @param same share of tokens whose most probable next token is the first artifact's
   */
  public record Score(double[] losses, double kl, double same) {
    /** Of the text. */
    public double perplexity() {
      return EnginePerplexity.perplexity(losses);
    }
  }

  private EnginePerplexity() {}

  /** {@code exp(mean)}. */
  public static double perplexity(double[] losses) {
    return Math.exp(Arrays.stream(losses).average().orElseThrow());
  }

  /**
   * Measures folders.
   *
   * @param engine onnx, openvino, openvino-int8 (inputs of products rounded) or mlx
   * @param ids of the text's tokens, cut into windows that do not know of each other
   */
  public static List<Score> of(String engine, int[] ids, int window, List<Path> folders) {
    try {
      Path file = Files.createTempFile("ids", ".json");
      new ObjectMapper().writeValue(file.toFile(), ids);
      List<String> arguments =
          new ArrayList<>(List.of(engine, file.toString(), Integer.toString(window)));
      folders.forEach(folder -> arguments.add(folder.toString()));
      String[] given = arguments.toArray(String[]::new);
      String output =
          Engines.run(Engines.python(engine.split("-")[0]), "engines/perplexity.py", given);
      Files.delete(file);
      List<Score> scores = new ArrayList<>();
      // Libraries have words of their own on standard output.
      for (String line : output.lines().filter(one -> one.startsWith("{")).toList()) {
        scores.add(new ObjectMapper().readValue(line, Score.class));
      }
      return scores;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The losses that llama.cpp has with a GGUF file, with an f32 cache. */
  public static double[] llama(Path file, int[] ids, int window) {
    try (LlamaLibrary.Session session =
        LlamaLibrary.open(Engines.llamaLibrary()).load(file, window)) {
      double[] losses = new double[ids.length / window * (window - 1)];
      int scored = 0;
      for (int from = 0; from + window <= ids.length; from += window) {
        int[] tokens = Arrays.copyOfRange(ids, from, from + window);
        float[][] logits = session.logits(tokens);
        for (int t = 0; t + 1 < window; t++) {
          double max = logits[t][LlamaLibrary.argmax(logits[t])];
          double sum = 0;
          for (float logit : logits[t]) {
            sum += Math.exp(logit - max);
          }
          losses[scored++] = max + Math.log(sum) - logits[t][tokens[t + 1]];
        }
      }
      return losses;
    }
  }
}
