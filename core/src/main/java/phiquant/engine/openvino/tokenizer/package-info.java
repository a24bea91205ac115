/**
 * A tokenizer as two graphs of OpenVINO's, which openvino_tokenizers runs: text to tokens and back.
 * Begin with {@link phiquant.engine.openvino.tokenizer.TokenizerModels}; what has no operator is
 * {@code Inexpressible}.
 */
package phiquant.engine.openvino.tokenizer;
