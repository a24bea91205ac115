package phiquant.checkpoint.derived;

import java.util.List;
import phiquant.checkpoint.StoredTensor;

/** A tensor whose numbers, order or name are not those of the stored one that it is made of. */
public interface ChangedTensor extends StoredTensor {
  /** The stored one, of the same shape. */
  StoredTensor tensor();

  @Override
  default String name() {
    return tensor().name();
  }

  @Override
  default List<Long> shape() {
    return tensor().shape();
  }

  @Override
  default String format() {
    return tensor().format();
  }

  @Override
  default long storedBytes() {
    return tensor().storedBytes();
  }

  @Override
  default long position(long row) {
    return tensor().position(row);
  }
}
