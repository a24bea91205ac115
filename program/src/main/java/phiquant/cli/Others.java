package phiquant.cli;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import phiquant.eval.Examiner;
import phiquant.importance.Passage;
import phiquant.pipeline.Way;

/**
 * Who does the long work of commands, where it is not this process alone.
 *
 * @param way the pass over the weights that {@code quantize} makes
 * @param passage the text's way through the layers that {@code calibrate} needs, of a model without
 *     tensors of these names
 * @param examiner who runs the models that {@code eval} compares
 */
public record Others(
    Optional<Way> way,
    Optional<Function<List<Pattern>, Passage>> passage,
    Optional<Examiner> examiner) {
  /** This process alone. */
  public static final Others NONE =
      new Others(Optional.empty(), Optional.empty(), Optional.empty());

  /** Those who do a pass. */
  public static Others of(Way way) {
    return new Others(Optional.of(way), Optional.empty(), Optional.empty());
  }

  /** Those who take a text through a model. */
  public static Others of(Function<List<Pattern>, Passage> passage) {
    return new Others(Optional.empty(), Optional.of(passage), Optional.empty());
  }

  /** Those who run models. */
  public static Others of(Examiner examiner) {
    return new Others(Optional.empty(), Optional.empty(), Optional.of(examiner));
  }

  void help(Object command) {
    switch (command) {
      case QuantizeCommand quantize -> way.ifPresent(quantize::by);
      case CalibrateCommand calibrate -> passage.ifPresent(calibrate::by);
      case EvalCommand eval -> examiner.ifPresent(eval::by);
      default -> {
        // Is short, or not for many.
      }
    }
  }
}
