package phiquant.cli;

import java.util.concurrent.Callable;
import phiquant.Version;
import phiquant.quant.VectorSupport;
import picocli.CommandLine.Command;

/** Says which phiquant this is and which vector path it takes. */
@Command(
    name = "version",
    description = "Show the version, the JVM and the vector path in use.",
    mixinStandardHelpOptions = true)
final class VersionCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    System.out.println("phiquant " + Version.NUMBER);
    System.out.println("Java " + Runtime.version() + ", " + System.getProperty("os.arch"));
    System.out.println("kernels: " + VectorSupport.description());
    return 0;
  }
}
