package phiquant.dist;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The program's jar as a Java module of one platform, launcher and native library and licences
 * included: what jlink makes an image of. In an image, classes have no file of their own whose time
 * an installer could change, which is what would make a cache of them worthless.
 *
 * @param jars the program's, called {@code phiquant.jar}, and all that went into it
 * @param work a folder for what is left over
 */
record ProgramModule(Platform platform, List<Path> jars, Path work) {
  private static final Pattern VERSIONED = Pattern.compile("META-INF/versions/(\\d+)/(.*)");

  /** Old class files have no frames for the new verifier, and caches leave such classes out. */
  private static final int FIRST_WITH_FRAMES = ClassFile.JAVA_6_VERSION;

  /** Makes the module's file. */
  Path write() throws IOException {
    Path classes = Files.createDirectories(work.resolve("classes"));
    Path libraries = Files.createDirectories(work.resolve("libraries"));
    Path commands = Files.createDirectories(work.resolve("commands"));
    Path legal = Files.createDirectories(work.resolve("legal"));
    unpack(classes, libraries);
    declare(classes);
    String launcher = platform.isWindows() ? "phiquant.cmd" : "phiquant";
    Files.copy(Path.of(launcher), commands.resolve(launcher));
    new Licences(jars).collect(legal, libraries);
    Path jmod = work.resolve("phiquant.jmod");
    Tool.named("jmod")
        .run(
            "create",
            "--class-path",
            classes.toString(),
            "--libs",
            libraries.toString(),
            "--cmds",
            commands.toString(),
            "--legal-notices",
            legal.toString(),
            jmod.toString());
    return jmod;
  }

  /** Modules have no classes for several versions of Java: the newest ones take the place. */
  private void unpack(Path classes, Path libraries) throws IOException {
    TreeMap<Integer, List<JarEntry>> byVersion = new TreeMap<>();
    try (JarFile jar = new JarFile(program().toFile())) {
      jar.stream()
          .filter(entry -> !entry.isDirectory())
          .forEach(entry -> byVersion.merge(version(entry), List.of(entry), ProgramModule::joined));
      for (List<JarEntry> entries : byVersion.values()) {
        for (JarEntry entry : entries) {
          Path target = target(entry, classes, libraries);
          if (target != null) {
            Files.createDirectories(target.getParent());
            try (InputStream in = jar.getInputStream(entry)) {
              Files.write(target, modern(target, in.readAllBytes()));
            }
          }
        }
      }
    }
  }

  private static List<JarEntry> joined(List<JarEntry> some, List<JarEntry> more) {
    return Stream.concat(some.stream(), more.stream())
        .sorted(Comparator.comparing(JarEntry::getName))
        .toList();
  }

  private static int version(JarEntry entry) {
    Matcher versioned = VERSIONED.matcher(entry.getName());
    return versioned.matches() ? Integer.parseInt(versioned.group(1)) : 0;
  }

  /** Where an entry goes, or null for what an image has no use for. */
  private Path target(JarEntry entry, Path classes, Path libraries) {
    Matcher versioned = VERSIONED.matcher(entry.getName());
    String name = versioned.matches() ? versioned.group(2) : entry.getName();
    String own = "native/lib/" + platform.natives + "/cpu/";
    if (name.startsWith(own)) {
      return libraries.resolve(name.substring(own.length()));
    }
    boolean foreign = name.startsWith("native/lib/") && !name.endsWith(".properties");
    boolean listed = name.matches("META-INF/(maven|native-image|.*LICENSE|.*NOTICE|MANIFEST).*");
    return foreign || listed ? null : classes.resolve(name);
  }

  private static byte[] modern(Path file, byte[] bytes) {
    if (!file.toString().endsWith(".class")) {
      return bytes;
    }
    int version = (bytes[6] & 0xff) << 8 | bytes[7] & 0xff;
    if (version > FIRST_WITH_FRAMES) {
      return bytes;
    }
    ClassFile format = ClassFile.of(ClassFile.StackMapsOption.GENERATE_STACK_MAPS);
    ClassTransform newer =
        (builder, element) -> {
          if (element instanceof ClassFileVersion) {
            builder.withVersion(ClassFile.JAVA_17_VERSION, 0);
          } else {
            builder.with(element);
          }
        };
    return format.transformClass(
        format.parse(bytes),
        newer.andThen(ClassTransform.transformingMethodBodies(CodeBuilder::with)));
  }

  private void declare(Path classes) throws IOException {
    Path source = work.resolve("module-info.java");
    try (InputStream in = getClass().getResourceAsStream("module-info.java.txt")) {
      Files.copy(in, source);
    }
    Tool.named("javac")
        .run(
            "-nowarn",
            "--patch-module",
            "phiquant=" + classes,
            "-d",
            classes.toString(),
            source.toString());
  }

  private Path program() {
    return jars.stream()
        .filter(jar -> jar.endsWith("phiquant.jar"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("phiquant.jar is not on the class path"));
  }
}
