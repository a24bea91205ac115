package phiquant.run;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import phiquant.run.attention.KvCache;

/**
 * Hashes of all logits of prompts of 24, 256 and 300 tokens, the last {@value #SINGLE} of which
 * come one by one. Started without the vector module, the engine computes in its scalar form, whose
 * order of additions the language fixes: every machine prints the same.
 */
final class LogitsHash {
  private static final int[] LENGTHS = {24, 256, 300};
  private static final int SINGLE = 8;

  private LogitsHash() {}

  /** The arguments are artifacts; prints {@code NAME ACTIVATIONS LENGTH SHA256} for each. */
  public static void main(String[] args) throws Exception {
    for (String artifact : args) {
      for (RunOptions options : new RunOptions[] {RunOptions.exact(), RunOptions.defaults()}) {
        try (LanguageModel model = LanguageModel.open(Path.of(artifact), options)) {
          for (int length : LENGTHS) {
            System.out.println(
                "%s %s %d %s"
                    .formatted(
                        Path.of(artifact).getFileName(),
                        options.activations(),
                        length,
                        hash(model, length)));
          }
        }
      }
    }
  }

  private static String hash(LanguageModel model, int length) throws Exception {
    int vocabulary = model.config().vocabulary();
    int[] ids = IntStream.range(0, length).map(i -> (7919 * i + 13) % vocabulary).toArray();
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    KvCache cache = model.cache(length);
    model.logits(
        Arrays.copyOf(ids, length - SINGLE),
        cache,
        (index, logits) -> digest.update(bytesOf(logits, vocabulary)));
    for (int i = length - SINGLE; i < length; i++) {
      float[] logits = model.logits(new int[] {ids[i]}, cache);
      digest.update(bytesOf(logits, vocabulary));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static ByteBuffer bytesOf(float[] logits, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * count);
    bytes.asFloatBuffer().put(logits, 0, count);
    return bytes;
  }
}
