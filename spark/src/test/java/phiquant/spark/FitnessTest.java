package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import phiquant.Version;

class FitnessTest {
  private final Fitness driver = new Fitness("driver", "1.2", 25, true);

  @Test
  void aMachineMustBeAsTheDriverIs() {
    assertRefused(new Fitness("b", "1.1", 25, true), "b has phiquant 1.1, the driver 1.2.");
    assertRefused(new Fitness("b", "1.2", 26, true), "b runs Java 26, the driver Java 25.");
    assertRefused(new Fitness("b", "1.2", 25, false), "b runs Java without vectors, which");
    assertThat(driver.refusalOf(new Fitness("b", "1.2", 25, true))).isEmpty();
  }

  @Test
  void thisMachineIsWhatItsJavaSays() {
    Fitness here = Fitness.here();
    assertThat(here.version()).isEqualTo(Version.NUMBER);
    assertThat(System.getProperty("java.specification.version")).isEqualTo("" + here.java());
    assertThat(here.vectors()).isEqualTo(hasVectors());
  }

  private static boolean hasVectors() {
    return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  }

  private void assertRefused(Fitness machine, String because) {
    assertThat(driver.refusalOf(machine).orElseThrow().message()).startsWith(because);
    assertThat(driver.refusalOf(machine).orElseThrow().hint()).isNotBlank();
  }
}
