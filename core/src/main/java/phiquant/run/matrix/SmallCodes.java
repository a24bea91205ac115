package phiquant.run.matrix;

/** A matrix whose weights may be small integers, which are multiplied faster than floats. */
interface SmallCodes {
  /** How the integers are taken out. */
  Unpacking unpacking();
}
