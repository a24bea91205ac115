package phiquant.model;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/** Vectors one after the other, as one: the biases of matrices that are taken as one. */
record Joined(String name, List<StoredTensor> parts) implements StoredTensor {
  @Override
  public List<Long> shape() {
    return List.of(parts.stream().mapToLong(StoredTensor::elements).sum());
  }

  @Override
  public String format() {
    return parts.getFirst().format();
  }

  @Override
  public long storedBytes() {
    return parts.stream().mapToLong(StoredTensor::storedBytes).sum();
  }

  @Override
  public long position(long row) {
    return parts.stream().mapToLong(part -> part.position(0)).min().orElse(0);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int next = at;
    for (StoredTensor part : count == 1 ? parts : List.<StoredTensor>of()) {
      part.read(0, 1, out, next);
      next += Math.toIntExact(part.elements());
    }
  }
}
