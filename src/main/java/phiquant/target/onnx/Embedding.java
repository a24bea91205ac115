package phiquant.target.onnx;

import java.util.List;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.quant.FloatType;

/**
 * Looks tokens up in the embedding: a table of floats, blocks of codes, or the head's own constants
 * where the head is tied to it and both are stored once.
 */
record Embedding(Graph graph, Constants constants, PhiModel model, FloatType type) {
  /**
   * @param tokens i64 of shape [batch, sequence]
   * @return shape [batch, sequence, hidden]
   */
  Value of(Value tokens, boolean shared) {
    PhiConfig config = model.config();
    Value table =
        shared
            ? transposedHead(config)
            : constants.plain(
                "model.embed_tokens.weight",
                model.weight(Role.EMBEDDING, -1).tensor(),
                false,
                type);
    return graph
        .op("Gather", "/model/embed_tokens/Gather")
        .in(table, tokens)
        .out(ElementType.of(type), Value.dims("batch_size", "sequence_length", config.hidden()));
  }

  /** The head's weights, turned once when the engine loads the model. */
  private Value transposedHead(PhiConfig config) {
    ElementType element = ElementType.of(type);
    Value head =
        new Value(
            "lm_head.MatMul.weight", element, Value.dims(config.hidden(), config.vocabulary()));
    return graph
        .op("Transpose", "/model/embed_tokens/Transpose")
        .in(head)
        .with("perm", List.of(1L, 0L))
        .out(element, Value.dims(config.vocabulary(), config.hidden()));
  }
}
