package phiquant.engine.openvino.tokenizer;

/**
 * Something that tokenizer.json does and no operator of OpenVINO Tokenizers does alike. The model
 * is written without a tokenizer then: none is better than one that gives other tokens.
 */
final class Inexpressible extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * Says what it is.
   *
   * @param what goes on after "OpenVINO has no operators for"
   */
  Inexpressible(String what) {
    super(what);
  }
}
