package phiquant.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import phiquant.engine.Checkpoints;
import phiquant.picture.Tiles;
import phiquant.run.attention.KvCache;

/** What our engine answers when it is shown tiles that another engine's processor has made. */
public final class ShownTiles {
  private ShownTiles() {}

  /**
   * The tokens that it chooses greedily.
   *
   * @param ids of the prompt; -1 and so on where the first picture's tokens are, -2 of the second
   * @param pictures in this order
   */
  public static int[] chosen(Path checkpoint, int[] ids, List<Tiles> pictures, int count) {
    TreeMap<Integer, Tiles> asked = new TreeMap<>();
    int place = 0;
    for (Tiles tiles : pictures) {
      asked.put(place, tiles);
      place += tiles.grid().tokens();
    }
    int[] prompt = ids.clone();
    int next = 0;
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = ids[i] < 0 ? PictureRows.token(next++) : ids[i];
    }
    int[] chosen = new int[count];
    try (LanguageModel model =
        LanguageModel.open(Checkpoints.open(checkpoint), RunOptions.exact())) {
      model.look(asked, Set.of());
      KvCache cache = model.cache(ids.length + count);
      float[] logits = model.logits(prompt, cache);
      for (int i = 0; i < count; i++) {
        chosen[i] = best(logits);
        logits = model.logits(new int[] {chosen[i]}, cache);
      }
    }
    return chosen;
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }
}
