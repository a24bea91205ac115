package phiquant.spark;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import phiquant.engine.plan.PlannedFile;

/**
 * Some bytes of an artifact's file that follow each other: what is known of them, what lies in
 * parts, and zeros between.
 *
 * @param begin of the range in the file
 * @param length of the range
 * @param fixed headers and the like
 * @param encoded what machines have made, by its place
 */
record FileRange(long begin, long length, List<Known> fixed, List<Extent> encoded)
    implements Serializable {
  /** Bytes between two extents that are read with them. */
  private static final long GAP = 1 << 20;

  /** Bytes at a place of the file. */
  record Known(long offset, byte[] bytes) implements Serializable {}

  /** The whole of a file. */
  static FileRange of(PlannedFile file, List<Extent> extents) {
    List<Known> fixed =
        file.fixed().stream().map(known -> new Known(known.offset(), known.bytes())).toList();
    return new FileRange(0, file.size(), fixed, extents);
  }

  /** The same in pieces of so many bytes. */
  List<FileRange> cut(long size) {
    List<FileRange> ranges = new ArrayList<>();
    for (long at = begin; at < begin + length; at += size) {
      long end = Math.min(begin + length, at + size);
      long from = at;
      ranges.add(
          new FileRange(
              from,
              end - from,
              fixed.stream()
                  .filter(known -> overlaps(known.offset(), known.bytes().length, from, end))
                  .map(known -> within(known, from, end))
                  .toList(),
              encoded.stream()
                  .filter(extent -> overlaps(extent.offset(), extent.length(), from, end))
                  .map(extent -> within(extent, from, end))
                  .toList()));
    }
    return ranges;
  }

  private static boolean overlaps(long offset, long length, long from, long end) {
    return offset < end && offset + length > from;
  }

  private static Known within(Known known, long from, long end) {
    long first = Math.max(from, known.offset());
    long last = Math.min(end, known.offset() + known.bytes().length);
    byte[] bytes =
        Arrays.copyOfRange(
            known.bytes(), (int) (first - known.offset()), (int) (last - known.offset()));
    return new Known(first, bytes);
  }

  private static Extent within(Extent extent, long from, long end) {
    long first = Math.max(from, extent.offset());
    long last = Math.min(end, extent.offset() + extent.length());
    return new Extent(
        extent.artifact(),
        extent.file(),
        first,
        last - first,
        extent.part(),
        extent.at() + first - extent.offset());
  }

  /** All of it, which is little enough for memory. */
  byte[] bytes() throws IOException {
    byte[] bytes = new byte[Math.toIntExact(length)];
    for (Known known : fixed) {
      int at = Math.toIntExact(known.offset() - begin);
      System.arraycopy(known.bytes(), 0, bytes, at, known.bytes().length);
    }
    Map<String, List<Extent>> parts = new LinkedHashMap<>();
    for (Extent extent : encoded) {
      parts.computeIfAbsent(extent.part(), unused -> new ArrayList<>()).add(extent);
    }
    for (Map.Entry<String, List<Extent>> part : parts.entrySet()) {
      StorePath place = new StorePath(part.getKey());
      try (FSDataInputStream in = place.store().open(place.path())) {
        for (List<Extent> near : near(part.getValue())) {
          read(in, near, bytes);
        }
      }
    }
    return bytes;
  }

  /** Those of a part that are asked for together: a request waits longer than a little reads. */
  private static List<List<Extent>> near(List<Extent> extents) {
    List<Extent> sorted = extents.stream().sorted(Comparator.comparingLong(Extent::at)).toList();
    List<List<Extent>> groups = new ArrayList<>();
    long end = Long.MIN_VALUE;
    for (Extent extent : sorted) {
      if (groups.isEmpty() || extent.at() - end > GAP) {
        groups.add(new ArrayList<>());
      }
      groups.getLast().add(extent);
      end = extent.at() + extent.length();
    }
    return groups;
  }

  private void read(FSDataInputStream in, List<Extent> near, byte[] out) throws IOException {
    long first = near.getFirst().at();
    long end = near.getLast().at() + near.getLast().length();
    byte[] some = new byte[Math.toIntExact(end - first)];
    in.readFully(first, some);
    for (Extent extent : near) {
      System.arraycopy(
          some,
          Math.toIntExact(extent.at() - first),
          out,
          Math.toIntExact(extent.offset() - begin),
          Math.toIntExact(extent.length()));
    }
  }
}
