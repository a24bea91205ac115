package phiquant.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import phiquant.demo.RandomModel;

/**
 * The self-contained folder: Java cut down to what phiquant needs, phiquant in it, and the caches
 * of its starts. The launcher makes a cache that it lacks where it may write; so running it once
 * for every kind of command here makes them all, with the flags that it will use them with.
 */
final class Image {
  /**
   * Pictures are read by java.desktop, which has windows, fonts and sound too: most of what only
   * those need stays out. Packages have to stay, so it is classes within others that go.
   */
  private static final List<String> NO_WINDOWS =
      List.of(
          "/java.desktop/javax/swing/**$*.class",
          "/java.desktop/javax/swing/plaf/nimbus/*Painter.class",
          "/java.desktop/com/sun/java/swing/**$*.class",
          "/java.desktop/sun/awt/X11/**$*.class",
          "/java.desktop/sun/font/**$*.class");

  /** Tried on Linux; elsewhere java.desktop may be made of other parts, so they stay. */
  private static final List<String> LIBRARIES_OF_WINDOWS =
      List.of("fontmanager", "freetype", "awt_xawt", "splashscreen", "jawt", "jsound");

  private Image() {}

  /** Makes the folder, which must not exist yet. */
  static Path make(Platform platform, Path jmod, Path folder, Path work)
      throws IOException, InterruptedException {
    List<String> order =
        new ArrayList<>(
            List.of(
                "--module-path",
                jmod.toString(),
                "--add-modules",
                "phiquant",
                "--compress",
                "zip-6:filter=regex:(?!" + IncubatorMark.PLACES + ").*",
                "--no-header-files",
                "--no-man-pages",
                "--strip-java-debug-attributes", // Numbers of lines: 10 MB of classes and caches.
                "--exclude-resources",
                String.join(",", NO_WINDOWS),
                "--output",
                folder.toString()));
    if (platform.isLinux()) {
      order.add("--exclude-files");
      order.add(
          LIBRARIES_OF_WINDOWS.stream()
              .map(name -> "**" + System.mapLibraryName(name))
              .collect(Collectors.joining(",")));
    }
    Tool.named("jlink").run(order.toArray(String[]::new));
    IncubatorMark.remove(folder);
    Path caches = Files.createDirectory(folder.resolve("lib/phiquant"));
    Path launcher = folder.resolve("bin/phiquant");
    if (!Files.exists(launcher)) {
      launcher = folder.resolve("bin/phiquant.cmd");
    }
    Path model = work.resolve("model");
    RandomModel.write(model);
    Path small = work.resolve("model.gguf");
    Tool.start(
        launcher,
        List.of("quantize", model.toString(), "--to", "gguf:Q4_K_M", "-o", small.toString()));
    Tool.start(launcher, List.of("run", small.toString(), "--raw", "-p", "1, 2", "-n", "2"));
    for (String kind : List.of("quantize", "run")) {
      if (!Files.exists(caches.resolve("phiquant-" + kind + ".aot"))) {
        throw new IllegalStateException("The cache for " + kind + " was not made");
      }
    }
    return folder;
  }
}
