package phiquant.pipeline;

import java.nio.file.Path;
import java.util.Map;
import phiquant.checkpoint.lora.WithAdapters;
import phiquant.engine.plan.ArtifactPlan;

/** How the pass over the weights is done: by this machine alone, or by many. */
public interface Way {
  /** By the threads of this process. */
  Way HERE =
      new Way() {
        @Override
        public void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
          Pass.check(outlines, overwrite);
        }

        @Override
        public void run(
            Map<Path, ArtifactPlan> artifacts, Pass.Settings settings, WithAdapters source) {
          Pass.run(artifacts, settings, source);
        }
      };

  /**
   * Refuses what {@link #run} will refuse, as far as outlines tell, before long work begins.
   *
   * @throws phiquant.UserError if a destination exists and may not be overwritten, say
   */
  void check(Map<Path, ArtifactPlan> outlines, boolean overwrite);

  /**
   * Makes artifacts at their destinations.
   *
   * @throws phiquant.UserError if one cannot be made; then none is
   */
  void run(Map<Path, ArtifactPlan> artifacts, Pass.Settings settings, WithAdapters source);
}
