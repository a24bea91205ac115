package phiquant.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import phiquant.UserError;
import phiquant.advise.Advice;
import phiquant.advise.Advisor;
import phiquant.advise.Device;
import phiquant.advise.Devices;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Engine;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says which engine, format and precision suit a device; reads no weights. */
@Command(
    name = "advise",
    description = "Say what to make of a checkpoint for a device, and what it will cost there.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  phiquant advise --device list",
      "  phiquant advise Phi-4-mini --device raspberry-pi-5 --memory 4GB --context 2048",
      "  phiquant advise Phi-3.5-mini-instruct --device this"
    })
final class AdviseCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "CHECKPOINT",
      arity = "0..1",
      description = "A Hugging Face folder, an MLX folder, a GGUF file, or a name on the hub.")
  private Path checkpoint;

  @Option(
      names = "--device",
      required = true,
      paramLabel = "NAME",
      description = "A device by its name or a part of it; 'this' for this machine; 'list'.")
  private String device;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "The device's memory, such as 4GB, where it differs from the table's.")
  private String memory;

  @Option(
      names = "--context",
      paramLabel = "N",
      description = "Tokens of a conversation. Default: 4096, or the model's limit if less.")
  private Integer context;

  @Option(names = "--json", description = "Print JSON instead of text.")
  private boolean json;

  @Mixin private ModelOptions options;

  @Override
  public Integer call() throws JsonProcessingException {
    if (device.equals("list")) {
      System.out.print(json ? text(Devices.all()) : AdviceSheet.devices(Devices.all()));
      return 0;
    }
    if (checkpoint == null) {
      throw UserError.usage("Name the checkpoint, or give --device list to see the devices.");
    }
    Device chosen = Devices.named(device);
    if (memory != null) {
      chosen = chosen.withMemory(gigabytes(memory));
    }
    try (Checkpoint source = options.find(checkpoint)) {
      PhiModel model = Family.model(source);
      Notices.print(model.notices());
      int tokens = context == null ? Math.min(4096, model.config().contextLength()) : context;
      Advice advice = Advisor.advise(model, Engine.modelName(source.path()), chosen, tokens);
      System.out.print(json ? text(advice) : AdviceSheet.of(advice));
    }
    return 0;
  }

  private static String text(Object value) throws JsonProcessingException {
    return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }

  private static double gigabytes(String text) {
    if (!text.matches("(?i)\\d{1,6}(\\.\\d{1,3})?\\s*[MG]B?")) {
      throw UserError.usage("--memory is '" + text + "'; it looks like 4GB or 512MB.");
    }
    double number = Double.parseDouble(text.replaceAll("[^\\d.]", ""));
    double gb = text.toUpperCase(java.util.Locale.ROOT).contains("M") ? number / 1000 : number;
    if (gb <= 0) {
      throw UserError.usage("--memory is '" + text + "'; a model needs some.");
    }
    return gb;
  }
}
