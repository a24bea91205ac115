package phiquant.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A hash that tells models and measurements apart, so that what was measured once need not be
 * measured again. Of every tensor it covers name, format, shape and three of its rows, enough to
 * tell two trainings of one architecture apart without reading all weights; a few weights that were
 * changed since are told by the files' times.
 */
public final class Identity {
  private final MessageDigest digest;

  /** Of nothing yet. */
  public Identity() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Of this model, too. */
  public Identity add(Checkpoint checkpoint) {
    add(checkpoint.config().toString());
    add(checkpoint.stamp());
    for (StoredTensor tensor : checkpoint.tensors().values()) {
      add(tensor.name() + " " + tensor.format() + " " + tensor.shape());
      float[] row = new float[Math.toIntExact(tensor.columns())];
      for (long part = 0; part < 3; part++) {
        tensor.read(part * (tensor.rows() - 1) / 2, 1, row, 0);
        ByteBuffer bytes = ByteBuffer.allocate(4 * row.length);
        bytes.asFloatBuffer().put(row);
        digest.update(bytes);
      }
    }
    return this;
  }

  /** Of a model that reads these, too. */
  public Identity add(int[] tokens) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * tokens.length);
    bytes.asIntBuffer().put(tokens);
    digest.update(bytes);
    return this;
  }

  /** Of whatever else makes a difference, too. */
  public Identity add(String text) {
    digest.update((text + "\n").getBytes(StandardCharsets.UTF_8));
    return this;
  }

  /** 32 hexadecimal digits. Ends the hash. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest()).substring(0, 32);
  }
}
