package phiquant.engine;

import phiquant.model.PhiModel;

/** An engine's format with its options: lays out an artifact without encoding anything. */
public interface Target {
  /** What was asked for, such as {@code gguf:Q4_K_M}. */
  String spec();

  /**
   * Lays out the artifact.
   *
   * @param name the model's name, from which the artifact's name follows
   * @throws phiquant.UserError if the options do not fit the model
   */
  ArtifactPlan plan(PhiModel model, String name);
}
