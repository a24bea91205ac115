package phiquant.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Tensors that a person wants left out, for what phiquant does not know it refuses. Whoever names
 * them knows that the model computes the same without them.
 */
public final class Ignored {
  private static final int NAMED = 5;

  private Ignored() {}

  /**
   * The checkpoint without them; itself if none is among its tensors.
   *
   * @param patterns found anywhere in a name
   */
  public static Checkpoint without(Checkpoint checkpoint, List<Pattern> patterns) {
    List<String> ignored =
        checkpoint.tensors().keySet().stream()
            .filter(name -> patterns.stream().anyMatch(pattern -> pattern.matcher(name).find()))
            .toList();
    if (ignored.isEmpty()) {
      return checkpoint;
    }
    Map<String, StoredTensor> tensors = new LinkedHashMap<>(checkpoint.tensors());
    tensors.keySet().removeAll(ignored);
    List<String> notices = new ArrayList<>(checkpoint.notices());
    notices.add("Left out as asked: " + listed(ignored) + ".");
    return new CheckpointView(checkpoint, checkpoint.config(), tensors, List.copyOf(notices));
  }

  /** The first names in full, the others as a number. */
  public static String listed(List<String> names) {
    String first = names.stream().limit(NAMED).collect(Collectors.joining(", "));
    int more = names.size() - NAMED;
    return more <= 0 ? first : first + " and " + more + " more";
  }
}
