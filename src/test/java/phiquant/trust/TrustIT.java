package phiquant.trust;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Files that lie, made by chance: whatever phiquant is given, it does the work or says in one line
 * why not, soon, and in little memory. A run says its seed; {@code -Dtrust.seed=S} makes the same
 * inputs again, and {@code -Dtrust.number=N} only one of them.
 */
class TrustIT {
  @TempDir Path folder;

  @Test
  void whateverTheFileItIsDoneOrRefusedInOneLine() throws Exception {
    tryAll(Integer.getInteger("trust.inputs", 2040));
  }

  @Test
  @Tag("slow")
  void soItIsWithTenTimesAsMany() throws Exception {
    tryAll(20_400);
  }

  private void tryAll(int count) throws Exception {
    long seed = Long.getLong("trust.seed", new SplittableRandom().nextInt(1_000_000));
    Integer number = Integer.getInteger("trust.number");
    List<Integer> numbers =
        number != null ? List.of(number) : IntStream.range(0, count).boxed().toList();
    long start = System.nanoTime();
    Path inputs = Path.of(System.getProperty("trust.keep", folder.toString()));
    Campaign campaign = new Campaign(new Generator(new Bases(folder), seed), inputs);
    List<String> faults = campaign.run(numbers);
    System.out.printf(
        "trust: seed %d, %d inputs, %d of %d commands accepted, %.0f s%n",
        seed,
        campaign.inputs.get(),
        campaign.accepted.get(),
        3 * campaign.inputs.get(),
        (System.nanoTime() - start) / 1e9);
    assertThat(faults)
        .as("inputs of seed %d; again with -Dtrust.seed=%d -Dtrust.number=N", seed, seed)
        .isEmpty();
  }
}
