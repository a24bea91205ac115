package phiquant.run;

import java.util.function.IntConsumer;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Panels;
import phiquant.run.matrix.TokenCodes;
import phiquant.run.matrix.tokens.CodeGemm;
import phiquant.run.matrix.tokens.Gemm;

/** Products with the features of many tokens, on all cores: as floats, or as the engine rounds. */
final class PanelProducts {
  private final Workers workers;
  private final Activations activations;
  private final float[][] scratch;
  private final CodeGemm[] integers;

  PanelProducts(Workers workers, Activations activations) {
    this.workers = workers;
    this.activations = activations;
    this.scratch = new float[workers.count()][];
    this.integers = new CodeGemm[workers.count()];
    for (int i = 0; i < scratch.length; i++) {
      scratch[i] = Gemm.scratch();
    }
  }

  /** Whether a product may leave its features rounded. */
  boolean rounds() {
    return activations == Activations.INT8;
  }

  /** {@code y += W · x}, the features rounded first, in their place, as the engine does. */
  void add(Matrix w, Panels x, Panels y) {
    boolean rounded = rounds() && !w.rounding().equals(ActivationRounding.NONE);
    if (rounded && CodeGemm.takes(w, x)) {
      TokenCodes codes = x.codes();
      each(x, p -> w.rounding().roundPanel(x.panel(p), p, codes));
      run(w, (from, to, worker) -> integers(worker).add(w, from, to, codes, y));
      return;
    }
    if (rounded) {
      each(x, p -> w.rounding().roundPanel(x.panel(p)));
    }
    run(w, (from, to, worker) -> Gemm.add(w, from, to, x, y, scratch[worker]));
  }

  /** Made when it is first needed, which without the vector module it never is. */
  private CodeGemm integers(int worker) {
    if (integers[worker] == null) {
      integers[worker] = new CodeGemm();
    }
    return integers[worker];
  }

  private void run(Matrix w, Workers.Part part) {
    workers.run(w.rows(), Gemm.grain(), part);
  }

  /** Does something with each panel, on all cores. */
  void each(Panels x, IntConsumer task) {
    workers.run(
        x.count(),
        1,
        (from, to, worker) -> {
          for (int p = from; p < to; p++) {
            task.accept(p);
          }
        });
  }
}
