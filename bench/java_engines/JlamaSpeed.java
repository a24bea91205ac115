import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.KvBufferCache;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/** Tokens per second of Jlama as RunSpeed measures ours: FOLDER REPETITIONS Q4|BF16 THREADS. */
final class JlamaSpeed {
  private static final int PROMPT = 256;
  private static final int DECODED = 64;

  /** "1, 2, 3, 4, 5," in SmolLM2's tokens, and how many to add: engines are to agree on them. */
  private static final int[] COUNTING = {33, 28, 216, 34, 28, 216, 35, 28, 216, 36, 28, 216, 37, 28};

  private static final int ADDED = 24;

  public static void main(String[] args) throws IOException {
    boolean quantized = args[2].equals("Q4");
    Path folder = Path.of(args[0]);
    if (quantized) {
      String[] none = {};
      Path to = folder.resolveSibling(folder.getFileName() + "-Q4");
      folder = SafeTensorSupport.quantizeModel(folder, DType.Q4, none, none, Optional.of(to));
    }
    AbstractModel model =
        ModelSupport.loadModel(
            folder.toFile(),
            null,
            DType.F32,
            quantized ? DType.I8 : DType.BF16,
            Optional.empty(),
            Optional.of(Integer.parseInt(args[3])));
    int vocabulary = model.getConfig().vocabularySize;
    int[] ids =
        IntStream.range(0, PROMPT + DECODED)
            .map(i -> (int) ((7919L * i + 13) % vocabulary))
            .toArray();
    double prefill = 0;
    double decode = 0;
    AbstractTensor logits = model.makeDenseTensor(vocabulary);
    for (int r = 0; r < Integer.parseInt(args[1]); r++) {
      try (KvBufferCache cache = new KvBufferCache(model);
          KvBufferCache.KvBuffer buffer = cache.getEphemeralKvBuffer()) {
        long begin = System.nanoTime();
        AbstractTensor all = model.batchForward(Arrays.copyOf(ids, PROMPT), 0, buffer);
        AbstractTensor last = all.shape().first() > 1 ? all.slice(all.shape().first() - 1) : all;
        model.sample(last, 0, 0.5f, logits);
        long middle = System.nanoTime();
        for (int t = PROMPT; t < ids.length; t++) {
          AbstractTensor one = model.forward(ids[t], t, buffer, Optional.empty());
          model.sample(one, 0, 0.5f, logits);
        }
        long end = System.nanoTime();
        prefill = Math.max(prefill, PROMPT * 1e9 / (middle - begin));
        decode = Math.max(decode, DECODED * 1e9 / (end - middle));
      }
    }
    System.out.printf(
        "{\"engine\":\"Jlama\",\"weights\":\"%s\","
            + "\"prefill_tok_s\":%.1f,\"decode_tok_s\":%.1f,\"continues\":%s}%n",
        args[2],
        prefill,
        decode,
        Arrays.toString(continued(model, logits)).replace(" ", ""));
    System.exit(0);
  }

  /** The prompt token by token: batchForward of 0.8.4 gives other numbers for its last tokens. */
  private static int[] continued(AbstractModel model, AbstractTensor logits) {
    int[] added = new int[ADDED];
    try (KvBufferCache cache = new KvBufferCache(model);
        KvBufferCache.KvBuffer buffer = cache.getEphemeralKvBuffer()) {
      int next = 0;
      for (int i = 0; i < COUNTING.length + ADDED; i++) {
        int token = i < COUNTING.length ? COUNTING[i] : next;
        if (i >= COUNTING.length) {
          added[i - COUNTING.length] = next;
        }
        next = model.sample(model.forward(token, i, buffer, Optional.empty()), 0, 0.5f, logits);
      }
    }
    return added;
  }
}
