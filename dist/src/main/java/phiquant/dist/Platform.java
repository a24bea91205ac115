package phiquant.dist;

import java.util.Arrays;
import java.util.Locale;

/**
 * A system that phiquant is packaged for, on itself: jlink and jpackage know no other.
 *
 * @see <a
 *     href="https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/">the
 *     tags of wheels</a>
 */
enum Platform {
  LINUX_X64("linux-x86_64", "x86_64"),
  LINUX_ARM64("linux-aarch64", "aarch64"),
  MACOS_ARM64("osx-aarch64", "macosx_11_0_arm64"),
  WINDOWS_X64("win-x86_64", "win_amd64"),
  /** Nobody has made a tokenizers library for it: models are quantized there, not run. */
  WINDOWS_ARM64("win-aarch64", "win_arm64");

  /** Its folder of the native libraries in the jar. */
  final String natives;

  private final String wheel;

  Platform(String natives, String wheel) {
    this.natives = natives;
    this.wheel = wheel;
  }

  /** The one that this program runs on. */
  static Platform current() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String os = system.startsWith("windows") ? "win" : system.startsWith("mac") ? "osx" : "linux";
    String processor = System.getProperty("os.arch").replace("amd64", "x86_64");
    return Arrays.stream(values())
        .filter(platform -> platform.natives.equals(os + "-" + processor))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalStateException("phiquant is not packaged for " + os + "-" + processor));
  }

  boolean isLinux() {
    return natives.startsWith("linux");
  }

  boolean isWindows() {
    return natives.startsWith("win");
  }

  /**
   * The platform tag of its wheel.
   *
   * @param glibc the version of the C library that the native code asks for, on Linux
   */
  String wheelTag(GlibcVersion glibc) {
    return isLinux() ? "manylinux_%d_%d_%s".formatted(glibc.major(), glibc.minor(), wheel) : wheel;
  }
}
