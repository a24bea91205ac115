package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How prompts of every length are cut, whoever else is there. */
class PortionsTest {
  /** Tokens of a panel with vectors of 512 bits, the widest that there are. */
  private static final int WIDEST = 32;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void noCutLeavesASinglePanel(boolean alone) {
    for (int prompt = WIDEST + 1; prompt < 1200; prompt++) {
      List<Integer> portions = portions(prompt, alone);
      assertThat(portions).allSatisfy(size -> assertThat(size).isBetween(WIDEST + 1, 256));
      assertThat(portions.stream().mapToInt(Integer::intValue).sum()).isEqualTo(prompt);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatFitsAPanelIsNotCut(boolean alone) {
    for (int prompt = 1; prompt <= WIDEST; prompt++) {
      assertThat(portions(prompt, alone)).containsExactly(prompt);
    }
  }

  private static List<Integer> portions(int prompt, boolean alone) {
    List<Integer> sizes = new ArrayList<>();
    for (int left = prompt; left > 0; left -= sizes.getLast()) {
      sizes.add(Portions.next(left, alone));
    }
    return sizes;
  }
}
