package phiquant.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.engines.LlamaLibrary;
import phiquant.fixtures.Fixtures;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/**
 * How far a mixture's function is from the model's in a file type, with weights as they are and
 * with those that {@code moe=exact} prepares, to llama.cpp and to phiquant, which computes the
 * makers' function of the same file. On the tiny model, whose random weights have near ties between
 * experts for many tokens: there any rounding chooses others. Prints a Markdown table.
 */
public final class ExactMixtureTable {
  private static final int TOKENS = 256;

  private ExactMixtureTable() {}

  /** The arguments are file types; none means some. */
  public static void main(String[] args) throws IOException {
    Path original = Fixtures.tiny("phi-moe");
    int[] ids = IntStream.range(0, TOKENS).map(i -> (int) ((7919L * i + 13) % 32000)).toArray();
    float[][] expected = ours(original, ids);
    System.out.println("| file | error of weights | llama.cpp: mean, same first | phiquant |");
    System.out.println("|---|---|---|---|");
    List<String> types = args.length > 0 ? List.of(args) : List.of("F32", "Q8_0", "Q6_K", "Q4_K_M");
    Path folder = Files.createTempDirectory("exact");
    for (String option : new String[] {"", ",moe=exact"}) {
      Path exact = quantize(original, "gguf:F32" + option, folder);
      for (String type : types) {
        Path file = quantize(original, "gguf:" + type + option, folder);
        System.out.printf(
            Locale.ROOT,
            "| `%s%s` | %.4f | %s | %s |%n",
            type,
            option,
            error(exact, file),
            distance(theirs(file, ids), expected),
            distance(ours(file, ids), expected));
      }
    }
  }

  private static float[][] ours(Path file, int[] ids) {
    float[][] all = new float[ids.length][];
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(file), RunOptions.exact())) {
      model.logits(ids, model.cache(ids.length), (index, logits) -> all[index] = logits.clone());
    }
    return all;
  }

  private static float[][] theirs(Path file, int[] ids) {
    try (LlamaLibrary.Session session =
        LlamaLibrary.open(Engines.llamaLibrary()).load(file, TOKENS)) {
      return session.logits(ids);
    }
  }

  /** The mean difference of logits, and how many tokens have the same best follower. */
  private static String distance(float[][] logits, float[][] expected) {
    double sum = 0;
    int same = 0;
    for (int t = 0; t < expected.length; t++) {
      for (int i = 0; i < expected[t].length; i++) {
        sum += Math.abs(logits[t][i] - expected[t][i]);
      }
      same += LlamaLibrary.argmax(logits[t]) == LlamaLibrary.argmax(expected[t]) ? 1 : 0;
    }
    double mean = sum / expected.length / expected[0].length;
    return String.format(Locale.ROOT, "%.3f, %d %%", mean, 100 * same / expected.length);
  }

  /** Of all matrices of layers together, relative to their length: {@code |w - v| / |w|}. */
  private static double error(Path exact, Path file) {
    double difference = 0;
    double length = 0;
    try (Checkpoint before = Checkpoints.open(exact);
        Checkpoint after = Checkpoints.open(file)) {
      for (StoredTensor tensor : before.tensors().values()) {
        if (tensor.shape().size() < 2 || !tensor.name().contains(".layers.")) {
          continue;
        }
        float[] w = numbers(tensor);
        float[] v = numbers(after.tensors().get(tensor.name()));
        for (int i = 0; i < w.length; i++) {
          difference += (double) (w[i] - v[i]) * (w[i] - v[i]);
          length += (double) w[i] * w[i];
        }
      }
    }
    return Math.sqrt(difference / length);
  }

  private static float[] numbers(StoredTensor tensor) {
    float[] numbers = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, Math.toIntExact(tensor.rows()), numbers, 0);
    return numbers;
  }

  private static Path quantize(Path from, String spec, Path folder) {
    try (Checkpoint checkpoint = Checkpoints.open(from)) {
      return Quantize.of(checkpoint)
          .overwrite(true)
          .to(spec)
          .into(folder.resolve(spec.replaceAll("\\W", "-")))
          .getFirst();
    }
  }
}
