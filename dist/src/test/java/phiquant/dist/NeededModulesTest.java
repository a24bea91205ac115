package phiquant.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;

/**
 * What is installed has only the parts of Java that its module asks for. The JDK's own jdeps says
 * which of them phiquant's classes name, so that none is missing first where people install it.
 */
class NeededModulesTest {
  private static final Pattern REQUIRED = Pattern.compile("requires ([\\w.]+);");

  @Test
  void theModuleAsksForAllThatTheClassesName() throws IOException {
    StringWriter said = new StringWriter();
    int code =
        ToolProvider.findFirst("jdeps")
            .orElseThrow()
            .run(
                new PrintWriter(said),
                new PrintWriter(System.err),
                "--ignore-missing-deps",
                "--print-module-deps",
                "core/target/classes",
                "program/target/classes");
    assertThat(code).isZero();
    List<String> needed = List.of(said.toString().strip().split(","));
    assertThat(needed).contains("java.base", "jdk.incubator.vector");
    assertThat(required())
        .containsAll(needed.stream().filter(m -> !m.equals("java.base")).toList());
  }

  private static List<String> required() throws IOException {
    try (InputStream in = Distribution.class.getResourceAsStream("module-info.java.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return REQUIRED.matcher(text).results().map(found -> found.group(1)).toList();
    }
  }
}
