package phiquant.run;

import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Norm;
import phiquant.model.ValueNames;
import phiquant.model.Weight;
import phiquant.run.matrix.Panels;

/**
 * The verbs of {@link PanelFlow}, each of whose results is shown to an observer under its name.
 * Nothing is left to be computed by the next verb, so it takes a little longer.
 */
final class SeenFlow implements Flow<SeenFlow.Named> {
  private final PanelFlow flow;
  private final ValueObserver observer;
  private final ValueNames names = new ValueNames(name -> {});

  /** A value and what it is called. */
  record Named(PanelTerm term, String name) {}

  SeenFlow(PanelFlow flow, ValueObserver observer) {
    this.flow = flow;
    this.observer = observer;
  }

  /** What goes in, which was seen before. */
  static Named unseen(Panels x) {
    return new Named(new PanelTerm.Features(x), "");
  }

  @Override
  public Named embed(Weight table) {
    return seen(names.embed(table), flow.embed(table));
  }

  @Override
  public Named norm(Norm norm, Named x) {
    return seen(names.norm(norm, x.name()), flow.norm(norm, x.term()));
  }

  @Override
  public Named linear(Linear linear, Named x) {
    return seen(names.linear(linear, x.name()), flow.linear(linear, x.term()));
  }

  /** Queries and keys are rotated in place. */
  @Override
  public Named attend(Attention attention, Named qkv, int layer) {
    Named attended =
        seen(names.attend(attention, qkv.name(), layer), flow.attend(attention, qkv.term(), layer));
    show(ValueObserver.ROTATED + layer, flow.panels(qkv.term()));
    return attended;
  }

  @Override
  public Named gate(Mlp mlp, Named gateUp) {
    return seen(names.gate(mlp, gateUp.name()), flow.gate(mlp, gateUp.term()));
  }

  @Override
  public Named experts(Experts experts, Named x, Named scores) {
    return seen(
        names.experts(experts, x.name(), scores.name()),
        flow.experts(experts, x.term(), scores.term()));
  }

  @Override
  public Named activate(Activation activation, Named x) {
    return seen(names.activate(activation, x.name()), flow.activate(activation, x.term()));
  }

  @Override
  public Named add(Named stream, Named branch) {
    return seen(names.add(stream.name(), branch.name()), flow.add(stream.term(), branch.term()));
  }

  @Override
  public Named head(Linear head, Named x) {
    return seen(names.head(head, x.name()), flow.head(head, x.term()));
  }

  private Named seen(String name, PanelTerm term) {
    Panels x = flow.panels(term);
    show(name, x);
    return new Named(new PanelTerm.Features(x), name);
  }

  private void show(String name, Panels x) {
    float[] rows = new float[Math.multiplyExact(x.tokens(), x.features())];
    for (int p = 0; p < x.count(); p++) {
      x.toRows(p, rows);
    }
    observer.accept(name, x.tokens(), rows);
  }
}
