package phiquant.run;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import phiquant.engine.Checkpoints;
import phiquant.run.attention.KvCache;

/**
 * Hashes of the logits of the last {@value #SINGLE} of 24, 256 and 300 tokens, which come one by
 * one; what is before them comes as prompts. Started without the vector module, the engine computes
 * in its scalar form, whose order of additions the language fixes: every machine prints the same.
 */
final class LogitsHash {
  private static final int[] LENGTHS = {24, 256, 300};
  private static final int SINGLE = 2;

  private LogitsHash() {}

  /**
   * The arguments are artifacts; prints {@code NAME LENGTH SHA256} for each. Checkpoints are run in
   * f32, files of integers with their inputs rounded too.
   */
  public static void main(String[] args) throws Exception {
    for (String artifact : args) {
      Path path = Path.of(artifact);
      RunOptions options = Files.isDirectory(path) ? RunOptions.exact() : RunOptions.defaults();
      try (LanguageModel model = LanguageModel.open(Checkpoints.open(path), options)) {
        print(path.getFileName().toString(), model);
      }
    }
  }

  private static void print(String name, LanguageModel model) throws Exception {
    int vocabulary = model.config().vocabulary();
    int[] ids = IntStream.range(0, 300).map(i -> (7919 * i + 13) % vocabulary).toArray();
    KvCache cache = model.cache(ids.length);
    int from = 0;
    for (int length : LENGTHS) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      model.logits(Arrays.copyOfRange(ids, from, length - SINGLE), cache);
      for (int i = length - SINGLE; i < length; i++) {
        digest.update(bytesOf(model.logits(new int[] {ids[i]}, cache), vocabulary));
      }
      System.out.println(name + " " + length + " " + HexFormat.of().formatHex(digest.digest()));
      from = length;
    }
  }

  private static ByteBuffer bytesOf(float[] logits, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * count);
    bytes.asFloatBuffer().put(logits, 0, count);
    return bytes;
  }
}
