package phiquant.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import phiquant.checkpoint.Checkpoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows what a checkpoint or an artifact is. */
@Command(
    name = "inspect",
    description =
        "Show what a checkpoint or an artifact (GGUF, MLX, ONNX, OpenVINO) holds; reads headers"
            + " only.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant inspect Phi-3.5-mini-instruct",
      "  phiquant inspect m.gguf --json",
      "  phiquant inspect microsoft/Phi-4-mini-instruct"
    })
final class InspectCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "PATH",
      description = "A checkpoint folder, an artifact's folder, a GGUF file, or a name on the hub.")
  private Path path;

  @Option(names = "--json", description = "Print JSON instead of text.")
  private boolean json;

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean tensors;

  @Mixin private ModelOptions model;

  @Override
  public Integer call() {
    try (Checkpoint checkpoint = model.find(path)) {
      ObjectNode facts = Facts.of(checkpoint);
      Notices.print(facts.path("notices").valueStream().map(JsonNode::asText).toList());
      System.out.print(json ? facts.toPrettyString() + "\n" : FactSheet.of(facts, tensors));
    }
    return 0;
  }
}
