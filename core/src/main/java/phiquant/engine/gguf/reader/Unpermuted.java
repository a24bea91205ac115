package phiquant.engine.gguf.reader;

import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/**
 * Query or key rows of a Llama's GGUF file in Hugging Face's order. Rotary embedding pairs
 * dimension i of a head with i + half; llama.cpp's {@code llama} architecture wants pairs side by
 * side, so its converter interleaves the halves ({@code LlamaModel.permute}), and this undoes it.
 */
record Unpermuted(StoredTensor tensor, int headSize) implements ChangedTensor {
  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    int half = headSize / 2;
    for (int i = 0; i < count; i++) {
      long head = (first + i) / headSize;
      int row = (int) ((first + i) % headSize);
      tensor.read(head * headSize + row % half * 2 + row / half, 1, out, at + i * columns);
    }
  }
}
