package phiquant.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
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

  /** A module is given only those services that it says it uses; on a class path nobody asks. */
  @Test
  void theModuleSaysWhichServicesTheClassesLookFor() throws IOException {
    List<String> services = new ArrayList<>();
    for (String part : List.of("core", "program")) {
      try (Stream<Path> files = Files.walk(Path.of(part, "target/classes/phiquant"))) {
        for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
          services.addAll(services(file));
        }
      }
    }
    assertThat(services).isNotEmpty();
    assertThat(declaration()).contains(services);
  }

  /** What a class hands to {@code ServiceLoader.load}, as a module says that it uses it. */
  private static List<String> services(Path file) throws IOException {
    List<String> found = new ArrayList<>();
    for (MethodModel method : ClassFile.of().parse(file).methods()) {
      List<CodeElement> code = method.code().map(body -> body.elementList()).orElse(List.of());
      if (code.stream().anyMatch(NeededModulesTest::looksForServices)) {
        code.stream()
            .filter(ConstantInstruction.class::isInstance)
            .map(element -> ((ConstantInstruction) element).constantValue())
            .filter(ClassDesc.class::isInstance)
            .forEach(type -> found.add("uses " + name((ClassDesc) type) + ";"));
      }
    }
    return found;
  }

  private static boolean looksForServices(CodeElement element) {
    return element instanceof InvokeInstruction call
        && call.owner().asInternalName().equals("java/util/ServiceLoader")
        && call.name().equalsString("load");
  }

  private static String name(ClassDesc type) {
    return type.packageName() + "." + type.displayName().replace('$', '.');
  }

  private static List<String> required() throws IOException {
    return REQUIRED.matcher(declaration()).results().map(found -> found.group(1)).toList();
  }

  private static String declaration() throws IOException {
    try (InputStream in = Distribution.class.getResourceAsStream("module-info.java.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
