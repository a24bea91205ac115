package phiquant.pipeline;

import java.nio.file.Path;
import java.util.Map;
import phiquant.UserError;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.TargetSpec;
import phiquant.publish.Publication;

/**
 * The recipe of an artifact lies beside it, for people to read, change and use again: {@code
 * model.recipe.txt} beside {@code model.gguf}. It is kept like any other output.
 */
public final class RecipesBeside {
  private RecipesBeside() {}

  public static Path of(Path artifact) {
    String name = artifact.getFileName().toString().replaceFirst("\\.gguf$", "");
    return artifact.resolveSibling(name + ".recipe.txt");
  }

  /**
   * Before long work begins.
   *
   * @throws UserError if a recipe is there and may not be overwritten, or is what is read
   */
  public static void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
    outlines.forEach(
        (artifact, outline) -> {
          if (outline.recipe().isEmpty()) {
            return;
          }
          String read = TargetSpec.parse(outline.target()).options().get("recipe");
          if (read != null && normal(Path.of(read)).equals(normal(of(artifact)))) {
            throw UserError.usage(
                of(artifact)
                    + " is the recipe that is read, which is never written;"
                    + " choose another output.");
          }
          Publication.check(of(artifact), overwrite);
        });
  }

  public static void write(Map<Path, ArtifactPlan> made, boolean overwrite) {
    made.forEach(
        (artifact, plan) ->
            plan.recipe().ifPresent(text -> Publication.write(of(artifact), text, overwrite)));
  }

  private static Path normal(Path path) {
    return path.toAbsolutePath().normalize();
  }
}
