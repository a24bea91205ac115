package phiquant.spark;

import java.io.Serializable;
import phiquant.UserError;

/**
 * What a machine says when it finds something that a person has to mend. Spark would try the task
 * again four times, and show it as a trace.
 *
 * @param hint what to do about it, or null
 */
record Refusal(String message, String hint) implements Serializable {
  static Refusal of(UserError error) {
    return new Refusal(error.getMessage(), error.hint());
  }

  UserError error() {
    return new UserError(message, hint);
  }
}
