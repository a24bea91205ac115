package phiquant.spark;

import java.io.Serializable;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.Version;
import phiquant.quant.VectorSupport;

/**
 * What a machine is as far as it matters: all must be as the driver is, and have vectors.
 *
 * @param host its name
 * @param version of phiquant
 * @param java feature release
 * @param vectors whether its Java has them
 */
record Fitness(String host, String version, int java, boolean vectors) implements Serializable {
  private static final String CLASS_TOO_NEW = "UnsupportedClassVersionError";

  /** What a task has thrown, as Spark quotes it. */
  private static final Pattern TOLD =
      Pattern.compile(Pattern.quote(UserError.class.getName()) + ": (.*)");

  /** Of the machine where this is called. */
  static Fitness here() {
    return new Fitness(
        Workbench.host(), Version.NUMBER, Runtime.version().feature(), VectorSupport.available());
  }

  /** What is wrong with the machine for work that this one, the driver, hands out. */
  Optional<Refusal> refusalOf(Fitness machine) {
    if (!machine.version.equals(version)) {
      return refusal(
          "%s has phiquant %s, the driver %s.".formatted(machine.host, machine.version, version),
          "Submit the same jar to all, and let no machine have one of its own.");
    }
    if (machine.java != java) {
      return refusal(
          "%s runs Java %d, the driver Java %d.".formatted(machine.host, machine.java, java),
          "Set JAVA_HOME there, or --conf spark.executorEnv.JAVA_HOME=…");
    }
    if (!machine.vectors) {
      return refusal(
          machine.host + " runs Java without vectors, which would take many times as long.",
          "Give --conf spark.executor.extraJavaOptions=--add-modules=jdk.incubator.vector");
    }
    return Optional.empty();
  }

  private static Optional<Refusal> refusal(String message, String hint) {
    return Optional.of(new Refusal(message, hint));
  }

  /** What a failure of Spark's means, in a line. */
  static UserError unreadable(Exception failure) {
    String text = String.valueOf(failure.getMessage());
    Matcher told = TOLD.matcher(text);
    if (told.find()) {
      return new UserError(told.group(1)); // Its hint did not come with it.
    }
    if (text.contains(CLASS_TOO_NEW)) {
      return new UserError(
          "An executor runs a Java that is older than 25.",
          "Set JAVA_HOME there, or --conf spark.executorEnv.JAVA_HOME=…");
    }
    return new UserError("Spark gave up: " + text.lines().findFirst().orElse(text), failure);
  }
}
