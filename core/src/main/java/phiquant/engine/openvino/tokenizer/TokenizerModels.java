package phiquant.engine.openvino.tokenizer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.IrXml;
import phiquant.engine.plan.PlannedFile;

/**
 * A tokenizer as two models of OpenVINO Tokenizers, made from what tokenizer.json does: {@code
 * openvino_tokenizer} turns texts into tokens, {@code openvino_detokenizer} tokens into text.
 *
 * @param files XML and .bin of both, or none
 * @param note why there are none, if there are none
 */
public record TokenizerModels(List<PlannedFile> files, Optional<String> note) {
  /**
   * The release whose operators are used. OpenVINO GenAI takes models without a version for old
   * ones, whose special tokens it cannot turn off.
   */
  private static final String VERSION = "2026.4.1.0";

  /** Those of a checkpoint. */
  public static TokenizerModels of(Checkpoint checkpoint) {
    Optional<TokenizerFacts> files = TokenizerFacts.of(checkpoint);
    if (files.isEmpty()) {
      return without("there is no tokenizer.json");
    }
    if (checkpoint.config().path("model_type").asText().equals("phi")) {
      return without("with a Phi-2's, OpenVINO's operators end the process (" + VERSION + ")");
    }
    try {
      return new TokenizerModels(models(files.get()), Optional.empty());
    } catch (Inexpressible e) {
      return without("OpenVINO has no operators for " + e.getMessage() + ", as in tokenizer.json");
    }
  }

  private static TokenizerModels without(String reason) {
    return new TokenizerModels(
        List.of(),
        Optional.of(
            "The model is written without OpenVINO's tokenizer, which LLMPipeline needs: "
                + reason
                + "."));
  }

  private static List<PlannedFile> models(TokenizerFacts files) {
    List<AddedToken> added = AddedToken.of(files.tokenizer());
    BytePairs bytePairs = BytePairs.of(files.tokenizer(), added);
    Ir encoder = Encoder.graph(files, bytePairs);
    Ir decoder = Decoder.graph(files.tokenizer(), bytePairs);
    Map<String, String> info = info(files);
    return List.of(
        xml("tokenizer", encoder, info),
        bin("tokenizer", encoder),
        xml("detokenizer", decoder, info),
        bin("detokenizer", decoder));
  }

  private static PlannedFile xml(String name, Ir graph, Map<String, String> info) {
    return PlannedFile.whole("openvino_" + name + ".xml", IrXml.write(name, graph, info));
  }

  private static PlannedFile bin(String name, Ir graph) {
    return new PlannedFile("openvino_" + name + ".bin", graph.bin().size(), graph.bin().fixed());
  }

  /** What OpenVINO GenAI reads, under the names that it looks for. */
  private static Map<String, String> info(TokenizerFacts files) {
    Map<String, String> info = new LinkedHashMap<>();
    for (String role : List.of("bos", "eos", "pad")) {
      files.id(role).ifPresent(id -> info.put(role + "_token_id", id.toString()));
    }
    files.chatTemplate().ifPresent(template -> info.put("chat_template", template));
    info.put("openvino_tokenizers_version", VERSION);
    return info;
  }
}
