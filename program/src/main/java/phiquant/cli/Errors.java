package phiquant.cli;

import java.io.PrintStream;
import java.util.function.BooleanSupplier;
import phiquant.UserError;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Says what went wrong in one line, and what to do about it in another; stack traces are for {@code
 * --debug}. Wrong usage ends with 2, everything else with 1.
 */
record Errors(PrintStream err, BooleanSupplier debug)
    implements IParameterExceptionHandler, IExecutionExceptionHandler {
  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine command = e.getCommandLine();
    err.println("error: " + oneLine(e.getMessage()));
    err.println("hint: " + command.getCommandSpec().qualifiedName() + " --help shows the options.");
    return 2;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult result) {
    return report(e);
  }

  /** Prints a failure and returns the exit code. */
  int report(Throwable e) {
    Throwable cause = e;
    while (!(cause instanceof UserError) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    int code = 1;
    if (cause instanceof UserError user) {
      err.println("error: " + oneLine(user.getMessage()));
      if (user.hint() != null) {
        err.println("hint: " + oneLine(user.hint()));
      }
      code = user.isUsage() ? 2 : 1;
    } else if (cause instanceof OutOfMemoryError) {
      err.println("error: there is not enough memory; fewer --threads need less.");
    } else if (cause instanceof InternalError) {
      // What the JVM throws when a mapped file has become shorter, or its disk fails.
      err.println("error: a file could not be read any more while it was in use.");
    } else {
      err.println(
          "error: " + cause.getClass().getSimpleName() + ": " + oneLine(cause.getMessage()));
      err.println(
          "hint: this is a fault of phiquant; run it with --debug and report what it prints.");
    }
    if (debug.getAsBoolean()) {
      e.printStackTrace(err);
    }
    return code;
  }

  /** Names from a file may hold line breaks and worse. */
  static String oneLine(String text) {
    return text == null ? "" : text.replaceAll("\\p{Cntrl}+", " ").strip();
  }
}
