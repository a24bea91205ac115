package phiquant.publish;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.nio.file.Path;

/**
 * Lets two names change places in one step, which Java cannot: so a folder is replaced with no
 * moment in which there is none. Linux has {@code renameat2} with {@code RENAME_EXCHANGE} (see its
 * manual page, and {@code linux/fs.h}), macOS {@code renamex_np} with {@code RENAME_SWAP} (see
 * {@code rename(2)} there).
 */
final class AtomicSwap {
  private static final int AT_FDCWD = -100;
  private static final int RENAME_EXCHANGE = 2;
  private static final int RENAME_SWAP = 2;

  private AtomicSwap() {}

  /** Whether they have changed places; false, and nothing has happened, where that is unknown. */
  static boolean swap(Path a, Path b) {
    try (Arena arena = Arena.ofConfined()) {
      Charset charset = Charset.forName(System.getProperty("sun.jnu.encoding"));
      MemorySegment first = arena.allocateFrom(a.toString(), charset);
      MemorySegment second = arena.allocateFrom(b.toString(), charset);
      String system = System.getProperty("os.name");
      if (system.equals("Linux")) {
        MethodHandle rename =
            function(
                "renameat2",
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT);
        return 0 == (int) rename.invokeExact(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
      }
      if (system.startsWith("Mac")) {
        MethodHandle rename =
            function("renamex_np", ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        return 0 == (int) rename.invokeExact(first, second, RENAME_SWAP);
      }
      return false;
    } catch (Throwable e) {
      return false; // An older C library, a name that it cannot be told.
    }
  }

  private static MethodHandle function(String name, java.lang.foreign.MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().find(name).orElseThrow(),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }
}
