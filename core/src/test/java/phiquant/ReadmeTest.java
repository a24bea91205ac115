package phiquant;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows to a Java program is what the library has, as the compiler sees it. */
class ReadmeTest {
  private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  private static final String PROGRAM =
      """
      import java.nio.file.*;
      import java.util.*;
      import phiquant.*;
      import phiquant.checkpoint.*;
      import phiquant.engine.*;
      import phiquant.eval.*;
      import phiquant.run.*;
      import phiquant.tokenizer.*;
      class Shown {
        public static void main(String[] arguments) {
      %s
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void whatTheReadmeShowsCompiles() throws Exception {
    Matcher shown = JAVA.matcher(Files.readString(Path.of("README.md")));
    assertThat(shown.find()).isTrue();
    assertThat(errors(PROGRAM.formatted(shown.group(1)))).isEmpty();
  }

  @Test
  void whatTheLibraryLacksDoesNot() throws Exception {
    assertThat(errors(PROGRAM.formatted("Quantize.of(null).backwards();"))).isNotEmpty();
  }

  private List<String> errors(String program) {
    JavaFileObject source =
        new SimpleJavaFileObject(URI.create("string:///Shown.java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignore) {
            return program;
          }
        };
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
    List<String> options =
        List.of(
            "-cp", System.getProperty("java.class.path"), "-proc:none", "-d", folder.toString());
    compiler.getTask(null, null, said, options, null, List.of(source)).call();
    return said.getDiagnostics().stream()
        .filter(one -> one.getKind() == Diagnostic.Kind.ERROR)
        .map(one -> one.getMessage(null))
        .toList();
  }
}
