package phiquant.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Way;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * What a {@code quantize} command asks for: its model open, its targets laid out, nothing made.
 * Another machine that is given the same arguments has the same.
 */
public final class QuantizeOrder implements AutoCloseable {
  private final Checkpoint source;
  private final List<LoraFactors> beside;
  private final Quantize quantize;
  private final List<ArtifactPlan> outlines;
  private final Path output;

  QuantizeOrder(Checkpoint source, List<LoraFactors> beside, Quantize quantize, Path output) {
    this.source = source;
    this.beside = beside;
    this.quantize = quantize;
    this.outlines = quantize.outline();
    this.output = output;
  }

  /**
   * Opens and lays out what arguments ask for, and tells nobody of its progress.
   *
   * @param arguments those after {@code quantize} on the command line
   * @throws UserError if they are wrong, or the model or a target is
   */
  public static QuantizeOrder of(List<String> arguments) {
    return of(arguments, Way.HERE);
  }

  /** The same, with the pass over the weights done by others. */
  public static QuantizeOrder of(List<String> arguments, Way way) {
    try {
      QuantizeCommand command = new QuantizeCommand();
      command.by(way);
      CommandLine.populateCommand(command, arguments.toArray(String[]::new));
      return command.order(true);
    } catch (ParameterException e) {
      throw UserError.usage(e.getMessage());
    }
  }

  /** The model that is read. */
  public Checkpoint source() {
    return source;
  }

  /** What makes it. */
  public Quantize quantize() {
    return quantize;
  }

  /** What will be made, as far as it is known before the weights are read. */
  public List<ArtifactPlan> outlines() {
    return outlines;
  }

  /** What a pass makes, by its place. */
  public Map<Path, ArtifactPlan> artifacts() {
    return quantize.artifacts(outlines, output);
  }

  /** Where it goes: a folder, or a file. */
  public Path output() {
    return output;
  }

  /**
   * Makes it.
   *
   * @return what was made, by its place
   */
  public Map<Path, ArtifactPlan> make() {
    return quantize.make(outlines, output);
  }

  @Override
  public void close() {
    beside.forEach(LoraFactors::close);
    source.close();
  }
}
