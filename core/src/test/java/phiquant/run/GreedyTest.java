package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.run.attention.KvCache;

/** From the checkpoints, our engine chooses the tokens that transformers chooses. */
class GreedyTest {
  @Test
  void smolPhiWideContinuesAsInTransformers() {
    check(Fixtures.smolPhiWide(), "smolphi-wide");
  }

  @Test
  void smolPhi135mContinuesAsInTransformers() {
    check(Fixtures.smolPhi135m(), "smolphi-135m");
  }

  private static void check(Path folder, String name) {
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(folder), RunOptions.exact())) {
      for (JsonNode prompt : Golden.json("greedy").path(name)) {
        KvCache cache = model.cache(256);
        List<Integer> expected = new ArrayList<>();
        prompt.path("greedy_ids").forEach(id -> expected.add(id.asInt()));
        int[] ids = new int[prompt.path("prompt_ids").size()];
        for (int i = 0; i < ids.length; i++) {
          ids[i] = prompt.path("prompt_ids").path(i).asInt();
        }
        float[] logits = model.logits(ids, cache);
        List<Integer> chosen = new ArrayList<>();
        while (chosen.size() < expected.size()) {
          chosen.add(TinyPhiLogitsTest.argmax(logits));
          logits = model.logits(new int[] {chosen.get(chosen.size() - 1)}, cache);
        }
        assertThat(chosen).isEqualTo(expected);
      }
    }
  }
}
