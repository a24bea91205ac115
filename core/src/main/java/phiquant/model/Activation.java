package phiquant.model;

/** What is applied to every feature by itself. */
public enum Activation {
  /**
   * {@code x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))}, the approximation of Hendrycks and Gimpel
   * 2016 (arXiv:1606.08415); transformers' {@code gelu_new}.
   */
  GELU_TANH,
  /** {@code x · Φ(x)}, the same paper's own, by the error function. */
  GELU,
  /** {@code x / (1 + e^(-1.702 x))}, its approximation by a sigmoid; CLIP's {@code quick_gelu}. */
  GELU_SIGMOID
}
