package phiquant.spark;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.BBPartHandle;
import org.apache.hadoop.fs.CommonPathCapabilities;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.MultipartUploader;
import org.apache.hadoop.fs.PartHandle;
import org.apache.hadoop.fs.UploadHandle;

/**
 * Files that all machines join, each a piece at a time, by the store's own upload in pieces. When
 * all pieces of all files are there, the driver lets the files appear one right after the other;
 * until then the store has nothing that anybody sees.
 */
final class PiecewiseJoin {
  /** Less than S3's limit of 10,000 pieces takes larger ones. */
  private static final int MOST_PIECES = 9_000;

  /** S3 wants 5 MB or more; an executor holds one for each of its cores. */
  private static final long PIECE = 32 << 20;

  private final Cluster cluster;
  private final String title;

  PiecewiseJoin(Cluster cluster, String title) {
    this.cluster = cluster;
    this.title = title;
  }

  /** Where pieces are of no use to anybody until the end: not so where they are files. */
  static boolean isPossible(FileSystem store, StorePath place) throws IOException {
    return store.hasPathCapability(place.path(), CommonPathCapabilities.FS_MULTIPART_UPLOADER)
        && store.hasPathCapability(place.path(), CommonPathCapabilities.ABORTABLE_STREAM);
  }

  /** Joins all, which then are there. */
  void run(Map<StorePath, FileRange> files) throws IOException {
    StorePath first = files.keySet().iterator().next();
    try (MultipartUploader uploader =
        first.store().createMultipartUploader(first.parent().path()).build()) {
      Map<StorePath, UploadHandle> uploads = new LinkedHashMap<>();
      try {
        List<JoinTask> tasks = new ArrayList<>();
        for (Map.Entry<StorePath, FileRange> file : files.entrySet()) {
          if (file.getValue().length() > 0) {
            UploadHandle upload = uploader.startUpload(file.getKey().path()).join();
            uploads.put(file.getKey(), upload);
            tasks.addAll(tasks(file.getKey(), upload, file.getValue()));
          }
        }
        Map<String, Map<Integer, PartHandle>> sent = new LinkedHashMap<>();
        for (JoinTask.Sent one : cluster.join(title + ", joined", tasks)) {
          sent.computeIfAbsent(one.place(), unused -> new LinkedHashMap<>())
              .put(one.number(), BBPartHandle.from(ByteBuffer.wrap(one.handle())));
        }
        for (StorePath place : List.copyOf(uploads.keySet())) {
          uploader.complete(uploads.get(place), place.path(), sent.get(place.address())).join();
          uploads.remove(place);
        }
        for (Map.Entry<StorePath, FileRange> file : files.entrySet()) {
          if (file.getValue().length() == 0) {
            file.getKey().store().create(file.getKey().path(), true).close();
          }
        }
      } finally {
        for (Map.Entry<StorePath, UploadHandle> upload : uploads.entrySet()) {
          uploader.abort(upload.getValue(), upload.getKey().path()).join();
        }
      }
    }
  }

  private static List<JoinTask> tasks(StorePath place, UploadHandle upload, FileRange file) {
    List<FileRange> pieces = file.cut(Math.max(PIECE, Math.ceilDiv(file.length(), MOST_PIECES)));
    List<JoinTask> tasks = new ArrayList<>();
    for (int i = 0; i < pieces.size(); i++) {
      boolean last = i == pieces.size() - 1;
      tasks.add(new JoinTask(place.address(), upload.toByteArray(), i + 1, last, pieces.get(i)));
    }
    return tasks;
  }
}
