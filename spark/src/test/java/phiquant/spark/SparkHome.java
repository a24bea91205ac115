package phiquant.spark;

import java.io.File;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A Spark as it is unpacked somewhere, of the jars that Maven has fetched for the tests' class
 * path: the real one, with its launcher and its executors as processes of their own.
 */
final class SparkHome {
  private static final Path HOME = Path.of("spark/target/spark-home").toAbsolutePath();
  private static final Path JAR = Path.of("spark/target/phiquant-spark.jar").toAbsolutePath();

  private SparkHome() {}

  /** A process that has ended. */
  record Ended(int code, String out, String err) {}

  /** {@code spark-submit --master MASTER --conf CONF… phiquant-spark.jar ARGUMENTS}. */
  static ProcessBuilder submit(String master, Map<String, String> conf, List<String> arguments)
      throws IOException {
    List<String> command = java(JavaModuleOptions.defaultModuleOptions().split(" "));
    command.addAll(List.of("-Xmx1g", "-cp", jars() + "/*", "org.apache.spark.deploy.SparkSubmit"));
    command.addAll(List.of("--master", master, "--class", Submit.class.getName()));
    command.addAll(List.of("--conf", "spark.ui.enabled=false"));
    conf.forEach((key, value) -> command.addAll(List.of("--conf", key + "=" + value)));
    command.add(JAR.toString());
    command.addAll(arguments);
    ProcessBuilder process = new ProcessBuilder(command);
    process.environment().put("SPARK_HOME", HOME.toString());
    process.environment().put("SPARK_SCALA_VERSION", "2.13");
    process.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    process.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return process;
  }

  /** The same arguments given to phiquant on this machine alone, of the same jar. */
  static ProcessBuilder alone(List<String> arguments) {
    List<String> command = java("--add-modules", "jdk.incubator.vector", "-cp", JAR.toString());
    command.add("phiquant.cli.Main");
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  /** Runs a process to its end. */
  static Ended run(ProcessBuilder builder, Path folder) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    return new Ended(process.waitFor(), Files.readString(out), Files.readString(err));
  }

  private static List<String> java(String... options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    return command;
  }

  private static Path jars() throws IOException {
    Path jars = Files.createDirectories(HOME.resolve("jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path jar = Path.of(entry);
      String name = jar.getFileName().toString();
      // A Spark has none of phiquant's tokenizers, of which a second copy would find no library,
      // nor
      // of ONNX's messages, which would hide those in the jar, of another protobuf.
      boolean ours =
          name.matches("(phiquant|junit|assertj|surefire|failsafe|tokenizers-|tribuo-).*")
              || jar.toString().contains("djl");
      if (name.endsWith(".jar") && !ours) {
        try {
          Files.createSymbolicLink(jars.resolve(name), jar);
        } catch (FileAlreadyExistsException e) {
          continue; // Of an earlier test.
        }
      }
    }
    return jars;
  }
}
