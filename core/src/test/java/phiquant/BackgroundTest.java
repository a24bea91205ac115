package phiquant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A computation beside the caller's gives what it would have given in its place. */
class BackgroundTest {
  @Test
  void bothGoOnAtOnce() throws InterruptedException {
    CountDownLatch callerIsHere = new CountDownLatch(1);
    CountDownLatch otherIsHere = new CountDownLatch(1);
    Background<String> other =
        Background.begin(
            () -> {
              otherIsHere.countDown();
              try {
                callerIsHere.await();
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              return "met";
            });
    otherIsHere.await();
    callerIsHere.countDown();
    assertThat(other.result()).isEqualTo("met");
  }

  @Test
  void whatItThrowsReachesTheCaller() {
    UserError error = new UserError("The tokenizer is damaged.");
    Background<String> failing =
        Background.begin(
            () -> {
              throw error;
            });
    assertThatThrownBy(failing::result).isSameAs(error);
  }
}
