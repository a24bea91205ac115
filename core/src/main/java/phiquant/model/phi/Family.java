package phiquant.model.phi;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.ConfigForm;
import phiquant.model.Architecture;
import phiquant.model.PhiModel;

/** The architectures that phiquant knows: a new one is a file beside this and an entry here. */
public final class Family {
  private static final List<Architecture> ALL =
      List.of(
          new Phi3(),
          new PhiMoe(),
          new Phi2(),
          new Phi3Small(),
          new Phi3Vision(),
          new Phi4Vision());

  private static final String SUPPORTED =
      "Supported: Phi3ForCausalLM (Phi-3 mini and medium, Phi-3.5-mini, Phi-4, Phi-4-mini and their"
          + " reasoning variants), PhiMoEForCausalLM (Phi-3.5-MoE, Phi-mini-MoE, Phi-tiny-MoE),"
          + " PhiForCausalLM (Phi-1, Phi-1.5, Phi-2), Phi3SmallForCausalLM (Phi-3-small), Phi3VForCausalLM"
          + " (Phi-3-vision, Phi-3.5-vision), Phi4ForCausalLMV (Phi-4-reasoning-vision), and a LlamaForCausalLM that computes the same as a"
          + " Phi-3.";

  private Family() {}

  /** The architecture of that name in config.json, that of its class or that of its type. */
  public static Optional<Architecture> named(String name) {
    return ALL.stream()
        // Microsoft writes PhiMoEForCausalLM, transformers PhimoeForCausalLM.
        .filter(each -> each.className().equalsIgnoreCase(name) || each.modelType().equals(name))
        .findFirst();
  }

  /**
   * Checks that a checkpoint is a Phi that phiquant knows and that its tensors fit its config.
   *
   * @throws UserError naming the architecture, or the tensor that is missing or misshapen
   */
  public static PhiModel model(Checkpoint stored) {
    ObjectNode json = stored.config();
    String name = ConfigForm.architecture(json);
    return PhiModel.of(stored, named(name).orElseThrow(() -> unknown(stored, name)));
  }

  private static UserError unknown(Checkpoint stored, String name) {
    ObjectNode json = stored.config();
    String what = stored.path() + ": config.json describes a '" + name + "'";
    Optional<Relatives> relative = Relatives.named(name);
    if (relative.isPresent()) {
      return new UserError(what + ": " + relative.get().fact() + ".", relative.get().advice());
    }
    if (ConfigForm.isLlama(json)) {
      String where = ConfigForm.difference(json).map(fact -> " where " + fact).orElse("");
      return new UserError(what + where + ", which is not supported.", SUPPORTED);
    }
    return new UserError(
        what + ", which is not supported. " + Likeness.nearest(stored, ALL).sentence(), SUPPORTED);
  }
}
