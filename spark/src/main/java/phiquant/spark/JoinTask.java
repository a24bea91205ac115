package phiquant.spark;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import org.apache.hadoop.fs.BBUploadHandle;
import org.apache.hadoop.fs.MultipartUploader;
import org.apache.hadoop.fs.PartHandle;
import phiquant.UserError;

/**
 * One piece of a file that is uploaded in pieces: read together from what shares have written, and
 * sent. The file appears when the driver says that all are there; a piece that is sent twice counts
 * once.
 *
 * @param place where the file will be
 * @param upload the store's name for what is sent
 * @param number of the piece, from 1
 * @param last whether none follows
 * @param range its bytes
 */
record JoinTask(String place, byte[] upload, int number, boolean last, FileRange range)
    implements Serializable {
  /** A piece that the store has. */
  record Sent(String place, int number, byte[] handle) implements Serializable {}

  /**
   * Sends it.
   *
   * @throws UserError if the store does not take it
   */
  Sent execute() {
    StorePath path = new StorePath(place);
    try {
      byte[] piece = range.bytes();
      try (MultipartUploader uploader =
          path.store().createMultipartUploader(path.parent().path()).build()) {
        PartHandle handle =
            uploader
                .putPart(
                    BBUploadHandle.from(ByteBuffer.wrap(upload)),
                    number,
                    last,
                    path.path(),
                    new ByteArrayInputStream(piece),
                    piece.length)
                .join();
        return new Sent(place, number, handle.toByteArray());
      }
    } catch (IOException | RuntimeException e) {
      throw path.failed(e);
    }
  }
}
