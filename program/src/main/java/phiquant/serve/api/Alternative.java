package phiquant.serve.api;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import phiquant.run.Chances;
import phiquant.run.Increment;

/** One of the answers to a request, as far as it has come. */
public final class Alternative {
  private final CallReader reader = new CallReader();
  private final List<Call> calls = new ArrayList<>();
  private final List<Chances> chances = new ArrayList<>();
  private boolean spoke;

  /** A call of a tool. */
  public record Call(String id, String name, StringBuilder arguments) {}

  /**
   * Takes a piece in.
   *
   * @return what is new of calls
   */
  public List<CallReader.Delta> take(Increment piece) {
    chances.addAll(piece.chances());
    List<CallReader.Delta> deltas = reader.read(piece.calls());
    for (CallReader.Delta delta : deltas) {
      if (delta.name() != null) {
        String id = "call_" + UUID.randomUUID().toString().replace("-", "").substring(0, 24);
        calls.add(new Call(id, delta.name(), new StringBuilder()));
      }
      calls.get(delta.index()).arguments().append(delta.arguments());
    }
    return deltas;
  }

  /** The calls so far. */
  public List<Call> calls() {
    return calls;
  }

  /** The chances of all tokens so far. */
  public List<Chances> chances() {
    return chances;
  }

  /** Whether nothing has been said before; from now on, something has. */
  public boolean begins() {
    boolean first = !spoke;
    spoke = true;
    return first;
  }

  /** Whether something has been said. */
  public boolean spoke() {
    return spoke;
  }
}
