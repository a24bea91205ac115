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
 * why not, soon, and in little memory. Every build makes the same inputs, so that none fails by
 * chance; the long form draws a seed and says it. {@code -Dtrust.seed=S} makes the inputs of
 * another seed, {@code -Dtrust.number=N} only one of them.
 */
class TrustIT {
  private static final long SEED = 1;

  @TempDir Path folder;

  @Test
  void whateverTheFileItIsDoneOrRefusedInOneLine() throws Exception {
    tryAll(Integer.getInteger("trust.inputs", 2040), SEED);
  }

  @Test
  @Tag("slow")
  void soItIsWithTenTimesAsMany() throws Exception {
    tryAll(20_400, new SplittableRandom().nextInt(1_000_000));
  }

  private void tryAll(int count, long usual) throws Exception {
    long seed = Long.getLong("trust.seed", usual);
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
