package phiquant.run.matrix.codes;

/** A matrix whose weights may be small integers, which are multiplied faster than floats. */
public interface SmallCodes {
  /** How the integers are taken out. */
  Unpacking unpacking();
}
