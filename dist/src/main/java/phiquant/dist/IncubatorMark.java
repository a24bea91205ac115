package phiquant.dist;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.attribute.ModuleResolutionAttribute;
import java.lang.classfile.instruction.ConstantInstruction;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Takes the mark "warn, it is incubating" from the vector module of an image that jlink has made.
 * With such a module in its boot layer a JVM keeps no graph of modules in a cache of starts (JDK
 * 25, {@code jdk.internal.module.ModuleBootstrap}, step 8), and without the graph neither linked
 * classes nor profiles of methods ({@code cdsConfig.cpp}): half of what such a cache is for. jlink
 * takes Java's own modules from the JDK as they are, so the mark goes afterwards, from the one file
 * that holds all classes; what takes its place is as long.
 */
final class IncubatorMark {
  /** Where the mark stands, as a pattern of jlink's for what it must not compress. */
  static final String PLACES =
      "/jdk.incubator.vector/module-info|/java.base/jdk/internal/module/SystemModules";

  /** Flags of a module's resolution: not resolved unless asked for, and warned of. */
  private static final int MARKED = 9;

  private static final int UNMARKED = 1;

  private static final ClassFile FORMAT = ClassFile.of();

  /** Java's licence asks that changes are said. */
  private static final String CHANGES =
      """
      Changed by phiquant's build (phiquant.dist.IncubatorMark): the declaration of this module, and what
      java.base holds of it, no longer ask for the warning that the module is incubating. Nothing else of
      this Java was changed; some classes and libraries of windows, fonts and sound were left out.
      """;

  private final Path image;
  private final byte[] modules;

  private IncubatorMark(Path image, byte[] modules) {
    this.image = image;
    this.modules = modules;
  }

  /**
   * Takes it from an image.
   *
   * @throws IllegalStateException if it is not where this JDK should have it
   */
  static void remove(Path image) throws IOException {
    Path file = image.resolve("lib/modules");
    IncubatorMark mark = new IncubatorMark(image, Files.readAllBytes(file));
    mark.change("jdk.incubator.vector", "module-info.class", declaration());
    mark.change("java.base", "jdk/internal/module/SystemModules$all.class", methods());
    Files.write(file, mark.modules);
    Files.writeString(image.resolve("legal/jdk.incubator.vector/CHANGES"), CHANGES);
  }

  private void change(String module, String name, ClassTransform transform) throws IOException {
    byte[] before;
    URI images = URI.create("jrt:/");
    try (FileSystem all =
        FileSystems.newFileSystem(images, Map.of("java.home", image.toString()))) {
      before = Files.readAllBytes(all.getPath("modules", module, name));
    }
    byte[] after = FORMAT.transformClass(FORMAT.parse(before), transform);
    int at = indexOf(before);
    if (at < 0 || after.length != before.length || Arrays.equals(before, after)) {
      throw new IllegalStateException(name + " of " + module + " is not as that of JDK 25");
    }
    System.arraycopy(after, 0, modules, at, after.length);
  }

  private int indexOf(byte[] part) {
    for (int i = 0; i + part.length <= modules.length; i++) {
      if (modules[i] == part[0]
          && Arrays.equals(modules, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    return -1;
  }

  private static ClassTransform declaration() {
    return (builder, element) ->
        builder.with(
            element instanceof ModuleResolutionAttribute
                ? ModuleResolutionAttribute.of(UNMARKED)
                : element);
  }

  /** What jlink has made of all declarations, so that none need be read at a start. */
  private static ClassTransform methods() {
    return (builder, element) -> {
      if (element instanceof MethodModel method && named(method, "hasIncubatorModules")) {
        builder.transformMethod(method, changing(method, 1, CodeBuilder::iconst_0));
      } else if (element instanceof MethodModel method && named(method, "moduleResolutions")) {
        builder.transformMethod(method, changing(method, MARKED, code -> code.bipush(UNMARKED)));
      } else {
        builder.with(element);
      }
    };
  }

  private static boolean named(MethodModel method, String name) {
    return method.methodName().equalsString(name);
  }

  /** The same method with the one place changed where it has a constant; it has no other such. */
  private static MethodTransform changing(
      MethodModel method, int constant, Consumer<CodeBuilder> instead) {
    if (method.code().orElseThrow().elementStream().filter(e -> is(e, constant)).count() != 1) {
      throw new IllegalStateException(method.methodName() + " is not as that of JDK 25");
    }
    return MethodTransform.transformingCode(
        (code, element) -> {
          if (is(element, constant)) {
            instead.accept(code);
          } else {
            code.with(element);
          }
        });
  }

  private static boolean is(CodeElement element, int constant) {
    return element instanceof ConstantInstruction one && one.constantValue().equals(constant);
  }
}
