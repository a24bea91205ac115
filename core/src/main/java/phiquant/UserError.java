package phiquant;

/**
 * Something that the user can fix: a broken file, an unsupported model, a wrong option. The command
 * line prints the message and the hint as one line each, without a stack trace.
 */
public final class UserError extends RuntimeException {
  private final String hint;
  private final boolean usage;

  private UserError(String message, String hint, boolean usage, Throwable cause) {
    super(message, cause);
    this.hint = hint;
    this.usage = usage;
  }

  /** What is wrong, as a sentence that names the file. */
  public UserError(String message) {
    this(message, null, false, null);
  }

  /** What is wrong, and what to do about it. */
  public UserError(String message, String hint) {
    this(message, hint, false, null);
  }

  /** What is wrong, with the exception that revealed it (shown with {@code --debug} only). */
  public UserError(String message, Throwable cause) {
    this(message, null, false, cause);
  }

  /** A wrong option or argument: exit code 2 instead of 1. The message lists what is possible. */
  public static UserError usage(String message) {
    return new UserError(message, null, true, null);
  }

  /** What to do about it, or null. */
  public String hint() {
    return hint;
  }

  /** True for a wrong option or argument (exit code 2). */
  public boolean isUsage() {
    return usage;
  }
}
