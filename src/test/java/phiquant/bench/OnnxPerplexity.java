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
 * What each precision costs, as ONNX Runtime GenAI measures it on the CPU: perplexity of a text and
 * Kullback-Leibler divergence to the fp32 model, on smolphi-mixed. Windows of 256 tokens, every
 * token but the first scored. Prints a Markdown table.
 */
public final class OnnxPerplexity {
  private static final int WINDOW = 256;
  private static final int WINDOWS = 8;

  private static final List<String> SPECS =
      List.of(
          "fp16",
          "int8",
          "int8,block_size=128",
          "int4",
          "int4,is_symmetric=false",
          "int4,block_size=128",
          "int4,block_size=128,is_symmetric=false",
          "int4,algo_config=rtn",
          "int4,algo_config=k_quant",
          "int4,matmul_mixed_precision=last_matmul:int8",
          "int4,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8",
          "int4,algo_config=k_quant,matmul_mixed_precision=last_matmul:int8,mixed_layers:int8",
          "int4,embedding=int8",
          "mobile");

  private OnnxPerplexity() {}

  /** The arguments are a text file and precisions or folders; none: usual ones. */
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
      for (int i = 0; i < wanted.size(); i++) {
        String spec = wanted.get(i);
        Path folder =
            spec.startsWith("/")
                ? Path.of(spec)
                : Quantize.of(model).to("onnx:" + spec).into(work.resolve("" + i)).get(0);
        folders.add(folder);
        long bytes =
            Files.size(folder.resolve("model.onnx"))
                + Files.size(folder.resolve("model.onnx.data"));
        megabytes.add(bytes / 1e6);
      }
    }
    List<EnginePerplexity.Score> scores = EnginePerplexity.of("onnx", ids, WINDOW, folders);
    System.out.println("| precision | MB | perplexity | KL to fp32 | same first choice |");
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
    try (var paths = Files.walk(work)) {
      for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
