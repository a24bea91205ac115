package phiquant.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class GlibcVersionTest {
  /** binutils reads the table of versions; it need not be installed. */
  @Test
  void neededIsWhatObjdumpFindsInJavasOwnLibrary() throws Exception {
    Path library = Path.of(System.getProperty("java.home"), "lib/server/libjvm.so");
    assumeThat(library).exists();
    assumeThat(Path.of("/usr/bin/objdump")).exists();
    Process objdump = new ProcessBuilder("/usr/bin/objdump", "-p", library.toString()).start();
    String table = new String(objdump.getInputStream().readAllBytes());
    List<Integer> minors =
        Pattern.compile("GLIBC_2\\.(\\d+)")
            .matcher(table)
            .results()
            .map((MatchResult found) -> Integer.valueOf(found.group(1)))
            .toList();
    int newest = minors.stream().mapToInt(minor -> minor).max().orElseThrow();
    assertThat(GlibcVersion.neededBy(Files.readAllBytes(library)))
        .isEqualTo(new GlibcVersion(2, Math.max(newest, 28)));
  }

  @Test
  void theNewestNameCounts() {
    byte[] names = "\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBCXX_3.4.99\0".getBytes();
    assertThat(GlibcVersion.neededBy(names)).isEqualTo(new GlibcVersion(2, 34));
  }

  @Test
  void aWheelsTagSaysIt() {
    assertThat(Platform.LINUX_X64.wheelTag(new GlibcVersion(2, 34)))
        .isEqualTo("manylinux_2_34_x86_64");
    assertThat(Platform.MACOS_ARM64.wheelTag(GlibcVersion.OLDEST)).isEqualTo("macosx_11_0_arm64");
  }
}
