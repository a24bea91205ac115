package phiquant.spark;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.quant.VectorSupport;

/** Whether a machine can do its share: Java 25 with vectors. */
final class Fitness {
  private static final String CLASS_TOO_NEW = "UnsupportedClassVersionError";

  /** What a task has thrown, as Spark quotes it. */
  private static final Pattern TOLD =
      Pattern.compile(Pattern.quote(UserError.class.getName()) + ": (.*)");

  private Fitness() {}

  /** What is wrong with the machine where this is called. */
  static Optional<Refusal> refusal() {
    return VectorSupport.available()
        ? Optional.empty()
        : Optional.of(
            new Refusal(
                Workbench.host()
                    + " runs Java without vectors, which would take many times as long.",
                "Give --conf spark.executor.extraJavaOptions=--add-modules=jdk.incubator.vector"));
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
