package phiquant.pipeline.study;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.checkpoint.Identity;
import phiquant.model.PhiModel;
import phiquant.pipeline.Progress;
import phiquant.study.ActivationRange;
import phiquant.study.ActivationRanges;
import phiquant.study.BestRecipe;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.LayerErrors;
import phiquant.study.Study;
import phiquant.study.ValueRanges;

/** Makes the studies that plans ask for, each once; what was found before is not made again. */
public final class Studies {
  private final PhiModel model;
  private final Settings settings;

  /**
   * How to make them.
   *
   * @param threads that work
   * @param kept the folder where findings are kept for other runs, if they are
   * @param progress told how many source bytes are done
   */
  public record Settings(int threads, Optional<Path> kept, Progress progress) {}

  private Studies(PhiModel model, Settings settings) {
    this.model = model;
    this.settings = settings;
  }

  /**
   * Finds out what is asked.
   *
   * @throws UserError if it cannot be, for the model has no tokenizer, say
   */
  public static Findings of(PhiModel model, Collection<Study<?>> asked, Settings settings) {
    return Findings.of(asked, new Studies(model, settings)::finding);
  }

  private Object finding(Study<?> study) {
    return switch (study) {
      case ActivationRanges ranges ->
          kept("ranges " + Calibration.NUMBER + " " + ranges.text(), ActivationRange.class)
              .orMake(
                  () ->
                      Calibration.ranges(
                          model.checkpoint(),
                          ranges.text(),
                          settings.threads(),
                          settings.progress()));
      case ValueRanges ranges ->
          kept("values " + ValueCalibration.NUMBER + " " + ranges.text(), ActivationRange.class)
              .orMake(
                  () ->
                      ValueCalibration.ranges(
                          model, ranges.text(), settings.threads(), settings.progress()));
      case BestRecipe recipe -> recipe(recipe);
      case InputSquares squares -> MatrixOfModel.squares(squares.matrix(), model);
      case LayerErrors unused ->
          kept("errors " + Ranking.NUMBER, Float.class)
              .orMake(() -> Ranking.errors(model, settings.threads(), settings.progress()));
    };
  }

  private BestRecipe.Found recipe(BestRecipe asked) {
    InputSquares.Found squares =
        asked
            .squares()
            .map(file -> MatrixOfModel.squares(file.matrix(), model))
            .orElse(InputSquares.Found.NOTHING);
    String stamp = " " + new TreeMap<>(stamps(squares));
    return new RecipeSearch(asked, model, squares, settings)
        .find((study, make) -> kept(study + stamp, Double.class).orMake(make));
  }

  private static Map<String, Integer> stamps(InputSquares.Found squares) {
    return squares.columns().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> Arrays.hashCode(entry.getValue())));
  }

  private <V> KeptFinding<V> kept(String study, Class<V> values) {
    return new KeptFinding<>(
        settings
            .kept()
            .map(
                folder ->
                    folder.resolve(
                        new Identity().add(study).add(model.checkpoint()).hex() + ".json")),
        values);
  }
}
