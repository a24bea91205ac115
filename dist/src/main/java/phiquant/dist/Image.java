package phiquant.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import phiquant.demo.RandomModel;

/**
 * The self-contained folder: Java cut down to what phiquant needs, phiquant in it, and the caches
 * of its starts. The launcher makes a cache that it lacks where it may write; so running it once
 * for every kind of command here makes them all, with the flags that it will use them with.
 */
final class Image {
  private Image() {}

  /** Makes the folder, which must not exist yet. */
  static Path make(Path jmod, Path folder, Path work) throws IOException, InterruptedException {
    Tool.named("jlink")
        .run(
            "--module-path",
            jmod.toString(),
            "--add-modules",
            "phiquant",
            "--compress",
            "zip-6",
            "--no-header-files",
            "--no-man-pages",
            "--output",
            folder.toString());
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
