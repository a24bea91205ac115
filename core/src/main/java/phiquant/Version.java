package phiquant;

/** The version of phiquant. */
public final class Version {
  public static final String NUMBER = "0.1.0";

  private Version() {}
}
