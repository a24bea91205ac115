package phiquant.engine.plan;

import java.util.List;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.model.PhiModel;
import phiquant.study.Findings;
import phiquant.study.Study;

/** An engine's format with its options: lays out an artifact without encoding anything. */
public interface Target {
  /** What was asked for, such as {@code gguf:Q4_K_M}. */
  String spec();

  /** What has to be found out about a model before its artifact can be laid out. */
  default Set<Study<?>> studies() {
    return Set.of();
  }

  /**
   * Lays out the artifact. Runs nothing and reads no matrix, so the same model and findings give
   * the same plan.
   *
   * @param name the model's name, from which the artifact's name follows
   * @param findings of {@link #studies}
   * @throws phiquant.UserError if the options do not fit the model
   */
  ArtifactPlan plan(PhiModel model, String name, Findings findings);

  /**
   * Refuses a model with a part that sees, which most engines' writers would leave out without a
   * word.
   *
   * @throws phiquant.UserError if the engine's folder is not written for such a model
   */
  default void requireWritten(PhiModel model) {
    if (model.vision().isPresent()) {
      throw new UserError(
          spec()
              + ": a "
              + model.architecture().className()
              + " is not written for this engine, because its pictures would be lost.",
          "phiquant runs it as it is, with pictures; gguf:TYPE writes its text part.");
    }
  }

  /**
   * Whether it writes a part of a model whose tower nothing is computed with here: its engine takes
   * the rest from another file.
   */
  default boolean leavesTowersApart() {
    return false;
  }

  private void requireTower(PhiModel model) {
    if (model.siglip().isPresent() && !leavesTowersApart()) {
      throw new UserError(
          spec()
              + ": a "
              + model.architecture().className()
              + " is not written for this engine, because its pictures would be lost.",
          "gguf:TYPE writes its text part, gguf:mmproj what llama.cpp sees with.");
    }
  }

  /** The same, of a model that can be told to take one of these adapters while it runs. */
  default Target taking(List<LoraFactors> adapters) {
    return this;
  }

  /**
   * Lays out an adapter that its engine loads beside the model.
   *
   * @throws phiquant.UserError if the engine has no such thing, or not for this adapter
   */
  default ArtifactPlan adapter(PhiModel model, LoraFactors adapter) {
    throw new UserError(
        spec().replaceFirst(":.*", "") + ": adapters are not written apart from the model.",
        "Merge it with --lora; gguf, mlx and onnx take --adapter.");
  }

  /**
   * The plan as far as it is known without studies. A target that needs none is planned already; of
   * others only what findings decide is open, and a note says what that is.
   *
   * @throws phiquant.UserError if the options do not fit the model
   */
  default ArtifactPlan outline(PhiModel model, String name) {
    requireTower(model);
    requireWritten(model);
    return plan(model, name, Findings.assumed(studies(), model));
  }
}
