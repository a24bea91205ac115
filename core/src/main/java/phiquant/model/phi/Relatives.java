package phiquant.model.phi;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Phi models that are known and not computed, each with its reason, under all names that their
 * config.json has for them.
 */
enum Relatives {
  /** Ren et al. 2025, arXiv:2507.06607; its code comes with the checkpoint alone. */
  MINI_FLASH(
      "Phi-4-mini-flash, a decoder-hybrid-decoder of Mamba layers and differential attention, which"
          + " neither llama.cpp, MLX, ONNX Runtime GenAI nor OpenVINO runs",
      "Phi-4-mini and Phi-4-mini-reasoning are supported.",
      "Phi4FlashForCausalLM",
      "phi4flash"),
  /** Under its first name, and under that in transformers. */
  MULTIMODAL(
      "Phi-4-multimodal, whose pictures and sounds phiquant does not read",
      "Phi-4-mini is supported.",
      "Phi4MMForCausalLM",
      "phi4mm",
      "Phi4MultimodalForCausalLM",
      "phi4_multimodal"),
  /** What Phi-1, Phi-1.5 and Phi-2 were before transformers had a class for them. */
  FIRST_PHI(
      "Phi-1, Phi-1.5 or Phi-2 in the form of its first releases",
      "Download a newer revision: it says PhiForCausalLM, which is supported.",
      "MixFormerSequentialForCausalLM",
      "mixformer-sequential",
      "phi-msft");

  private final String fact;
  private final String advice;
  private final Set<String> names;

  Relatives(String fact, String advice, String... names) {
    this.fact = fact;
    this.advice = advice;
    this.names = Set.of(names);
  }

  /** The one of that name in config.json, that of its class or that of its type. */
  static Optional<Relatives> named(String name) {
    return List.of(values()).stream().filter(each -> each.names.contains(name)).findFirst();
  }

  /** What it is, and why it is not computed: goes on after its name. */
  String fact() {
    return fact;
  }

  /** What to do instead, as a sentence. */
  String advice() {
    return advice;
  }
}
