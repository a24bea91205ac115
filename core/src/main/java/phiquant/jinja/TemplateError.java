package phiquant.jinja;

/**
 * Why a template gives no text. The kind says whose doing it is, so that a user can be told in the
 * right words.
 */
public final class TemplateError extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Whose doing it is. */
  public enum Kind {
    /** The template is not Jinja, or fails as it would in Python. */
    BROKEN,
    /** Jinja has it and this interpreter has not. */
    UNSUPPORTED,
    /** The template called {@code raise_exception}. */
    RAISED,
    /** It would take more time or memory than a prompt needs. */
    TOO_MUCH
  }

  private final Kind kind;

  TemplateError(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** What Python would raise for too. */
  static TemplateError broken(String message) {
    return new TemplateError(Kind.BROKEN, message);
  }

  /** What Jinja would do and we do not. */
  static TemplateError unsupported(String what) {
    return new TemplateError(Kind.UNSUPPORTED, what + " is not supported");
  }

  /** Whose doing it is. */
  public Kind kind() {
    return kind;
  }
}
