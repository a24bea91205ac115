package phiquant.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Growing;

/**
 * What a share makes for a store that nobody can write in the middle of a file: for each file of
 * the artifacts that the share has something of, a part with all those bytes one behind the other,
 * which appears when it is closed; and a list of where they belong.
 */
final class PartWriter {
  private final byte[] buffer = new byte[1 << 16];
  private final Map<String, Part> parts = new HashMap<>();
  private StorePath folder;
  private List<Extent> extents;

  private static final class Part {
    private final String address;
    private final OutputStream out;
    private long written;

    Part(StorePath place) throws IOException {
      this.address = place.address();
      this.out = place.store().create(place.path(), true);
    }
  }

  /** Begins another share. */
  synchronized void begin(StorePath folder) {
    this.folder = folder;
    this.extents = new ArrayList<>();
    parts.clear();
  }

  /** Ends it. */
  synchronized List<Extent> end() throws IOException {
    for (Part part : parts.values()) {
      part.out.close();
    }
    return extents;
  }

  private synchronized void write(int artifact, int file, MemorySegment bytes, long offset)
      throws IOException {
    String name = artifact + "-" + file;
    Part part = parts.get(name);
    if (part == null) {
      part = new Part(folder.resolve(name));
      parts.put(name, part);
    }
    long size = bytes.byteSize();
    for (long done = 0; done < size; done += buffer.length) {
      int count = (int) Math.min(buffer.length, size - done);
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, done, buffer, 0, count);
      part.out.write(buffer, 0, count);
    }
    extents.add(new Extent(artifact, file, offset, size, part.address, part.written));
    part.written += size;
  }

  /** An artifact that parts are made of. */
  Growing artifact(int number, ArtifactPlan plan) {
    return new Growing() {
      @Override
      public ArtifactPlan plan() {
        return plan;
      }

      @Override
      public Path destination() {
        return Path.of(folder.address());
      }

      @Override
      public void write(int file, MemorySegment bytes, long offset) throws IOException {
        PartWriter.this.write(number, file, bytes, offset);
      }
    };
  }
}
