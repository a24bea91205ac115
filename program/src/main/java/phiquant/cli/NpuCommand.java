package phiquant.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import phiquant.npu.Chip;
import phiquant.npu.Compile;
import phiquant.publish.Publication;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compiles a folder for an NPU. */
@Command(
    name = "npu",
    description =
        "Compile a folder of onnx:…,device=npu for Qualcomm's NPUs, with the onnxruntime-qnn that is"
            + " installed; no NPU is needed for that.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant quantize Phi-4-mini-instruct --to onnx:int4,device=npu -o out",
      "  phiquant npu out/Phi-4-mini-instruct-onnx-int4-npu",
      "  phiquant npu out/Phi-4-mini-instruct-onnx-int4-npu --soc 8-gen-3,8-elite -o phone"
    })
final class NpuCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FOLDER", description = "Graphs of fixed sizes.")
  private Path folder;

  @Option(
      names = "--soc",
      paramLabel = "CHIPS",
      defaultValue = "x-elite",
      description =
          "One chip, or several in one file: 8-gen-2, 8-gen-3, 8-elite, 8-elite-gen-5, x-elite,"
              + " x2-elite; of activations=static also 888, 8cx-gen-3. Default: ${DEFAULT-VALUE}.")
  private String chips;

  @Option(
      names = "--qnn",
      paramLabel = "PATH",
      description =
          "A Python that has onnxruntime-qnn, or its environment's folder. Default: the active one.")
  private Path qnn;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "Default: beside FOLDER, with the chips' names.")
  private Path output;

  @Option(names = "--overwrite", description = "Replace a folder that exists.")
  private boolean overwrite;

  @Option(
      names = "--no-check",
      description = "Do not run the result in the simulator, which takes as long as compiling.")
  private boolean unchecked;

  @Override
  public Integer call() {
    Compile compile =
        Compile.of(folder)
            .chips(Chip.named(chips))
            .qnn(Optional.ofNullable(qnn))
            .overwrite(overwrite)
            .simulated(!unchecked)
            .progress(System.err::println);
    Path into = output == null ? compile.usualOutput() : output;
    Publication.check(into, overwrite);
    Compile.Result made = compile.into(into);
    System.out.printf(
        Locale.ROOT,
        "%s: %.1f MB of binaries, compiled in %.0f s by onnxruntime-qnn %s; %s%n",
        into,
        made.bytes() / 1e6,
        made.seconds(),
        made.qnn(),
        made.error().isPresent()
            ? String.format(
                Locale.ROOT, "simulated, %.2f %% off the CPU", 100 * made.error().getAsDouble())
            : unchecked
                ? "not simulated"
                : "not simulated, for the simulator takes no file for several chips");
    return 0;
  }
}
