package phiquant.run.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;

/** What is shown is the text up to the first stop, however it is cut into pieces. */
class StopTextsTest {
  @Property
  void theTextUpToTheStopIsShown(
      @ForAll @CharRange(from = 'a', to = 'b') @StringLength(max = 30) String text,
      @ForAll @CharRange(from = 'a', to = 'b') @StringLength(min = 1, max = 4) String stop,
      @ForAll @IntRange(min = 1, max = 5) int piece) {
    StopTexts stops = new StopTexts(List.of(stop));
    StringBuilder shown = new StringBuilder();
    for (int at = 0; at < text.length(); at += piece) {
      shown.append(stops.next(text.substring(at, Math.min(at + piece, text.length()))));
      assertThat(shown.toString()).doesNotContain(stop);
    }
    shown.append(stops.end());
    int end = text.indexOf(stop);
    assertThat(shown.toString()).isEqualTo(end < 0 ? text : text.substring(0, end));
    assertThat(stops.met()).isEqualTo(end >= 0);
  }

  @Example
  void onlyWhatMayBecomeAStopIsHeldBack() {
    StopTexts stops = new StopTexts(List.of("\n\n", "User:"));
    assertThat(stops.next("Hello\n")).isEqualTo("Hello");
    assertThat(stops.next("world Us")).isEqualTo("\nworld ");
    assertThat(stops.next("ed")).isEqualTo("Used");
    assertThat(stops.next(" User:")).isEqualTo(" ");
    assertThat(stops.met()).isTrue();
    assertThat(stops.next("more")).isEmpty();
    assertThat(stops.end()).isEmpty();
  }

  @Example
  void withoutStopsNothingIsHeldBack() {
    assertThat(new StopTexts(List.of()).next("text")).isEqualTo("text");
  }
}
