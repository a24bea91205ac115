package phiquant.pipeline.feedback;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.pipeline.Progress;
import phiquant.pipeline.feedback.Originals.Text;
import phiquant.run.TextReader;
import phiquant.run.TextWalk;

/**
 * Rounds what plans put on even grids so that each layer makes up for the errors of its own columns
 * and of the layers before (GPTQ). The text goes through the model itself once, and then through
 * each target as far as it is rounded. What it gives are plans whose tensors are there already;
 * they can be used until this is closed.
 */
public final class ErrorFeedback implements AutoCloseable {
  private final PhiModel model;
  private final int[][] sequences;
  private final Progress progress;
  private final Scratch scratch;
  private final TextWalk walk;
  private final Originals originals;

  /**
   * Takes the text through the model.
   *
   * @param sequences tokens of the text, all of one length
   * @param folder where artifacts go: what is kept between layers is there too, until this is
   *     closed
   * @throws UserError if nothing can be written there
   */
  public ErrorFeedback(
      PhiModel model, int[][] sequences, int threads, Path folder, Progress progress) {
    this.model = model;
    this.sequences = sequences;
    this.progress = progress;
    this.walk = new TextWalk(model, sequences, threads);
    this.scratch = new Scratch(folder);
    Text text = new Text(sequences.length, sequences[0].length);
    this.originals =
        new Originals(scratch, text, model.config().tiedHead(), walk::each, this::advance);
    walk("Reading the text", originals);
  }

  private void walk(String what, TextReader reader) {
    long total = 0;
    for (int layer = 0; layer < model.config().layers(); layer++) {
      total += bytes(layer);
    }
    progress.begin(what, total);
    try {
      walk.run(reader);
    } finally {
      progress.end();
    }
  }

  private void advance(int layer) {
    progress.advance(bytes(layer));
  }

  private long bytes(int layer) {
    return model.weights().stream()
        .filter(weight -> weight.layer() == layer)
        .mapToLong(weight -> weight.tensor().storedBytes())
        .sum();
  }

  /**
   * Refuses what cannot be rounded so.
   *
   * @throws UserError if nothing of the plan is on even grids, or the model is a mixture of experts
   */
  public static void require(PhiModel model, ArtifactPlan plan) {
    if (model.config().experts().isPresent()) {
      throw new UserError(
          "round=gptq is not for mixtures of experts: too few tokens come to each expert.");
    }
    if (plan.tensors().stream().noneMatch(RoundedTensor::fits)) {
      throw UserError.usage(
          plan.target()
              + " has no even grids, so round=gptq has nothing to choose; it is for ONNX int4 and"
              + " int8, OpenVINO int4 and int8, MLX 2bit to 8bit, GGUF Q4_0, Q4_1, Q5_0, Q5_1 and"
              + " Q8_0.");
    }
  }

  /**
   * Rounds a target's tensors.
   *
   * @param texts names of those that were read
   * @return the plan with tensors that are only copied
   */
  public ArtifactPlan round(ArtifactPlan plan, List<String> texts) {
    List<PlannedTensor> tensors = new ArrayList<>();
    List<RoundedTensor> rounded = new ArrayList<>();
    for (PlannedTensor planned : plan.tensors()) {
      if (RoundedTensor.fits(planned) && isMultiplied(planned)) {
        RoundedTensor tensor =
            new RoundedTensor(planned, planned.encoder().grid().orElseThrow(), scratch);
        rounded.add(tensor);
        tensors.add(tensor.copied());
      } else {
        tensors.add(planned);
      }
    }
    List<String> notes = new ArrayList<>(plan.notes());
    boolean table = isLookedUp(plan, rounded);
    try (Rounder rounder =
        new Rounder(originals, sequences, rounded, table, walk::each, this::advance)) {
      walk("Rounding " + plan.target(), rounder);
      notes.addAll(rounder.notes());
    }
    return new ArtifactPlan(
        plan.target() + ",round=gptq",
        plan.name(),
        plan.singleFile(),
        plan.files(),
        tensors,
        plan.constants(),
        notes,
        texts,
        plan.recipe());
  }

  /** Whether tokens are looked up in what is rounded, and nowhere else. */
  private boolean isLookedUp(ArtifactPlan plan, List<RoundedTensor> rounded) {
    long tables = plan.tensors().stream().filter(this::isTable).count();
    return tables == 1 && rounded.stream().map(RoundedTensor::planned).anyMatch(this::isTable);
  }

  /** An embedding that is no head is only looked up: there are no inputs that it suits. */
  private boolean isMultiplied(PlannedTensor planned) {
    return model.config().tiedHead() || !isTable(planned);
  }

  private boolean isTable(PlannedTensor planned) {
    return model.weights().stream()
        .filter(weight -> weight.role() == Role.EMBEDDING && !weight.bias())
        .flatMap(weight -> SourceRows.of(weight.tensor()).stream())
        .anyMatch(
            own ->
                SourceRows.of(planned.source()).stream()
                    .anyMatch(rows -> rows.source().name().equals(own.source().name())));
  }

  @Override
  public void close() {
    walk.close();
    scratch.close();
  }
}
