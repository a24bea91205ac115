package phiquant.model;

/**
 * Attention that leaves out blocks of positions (Child et al. 2019, arXiv:1904.10509): a token sees
 * the last blocks, its own included, and of those before each {@code stride}-th, which is another
 * one for every head. Source: {@code get_local_strided_sparse_attention_op} of Phi-3-small's
 * triton_flash_blocksparse_attn.py.
 *
 * @param size positions of a block
 * @param local how many blocks are seen whole
 * @param stride between the blocks that are seen of the rest
 * @param step by how much the next head's are shifted
 */
public record BlockSparse(int size, int local, int stride, int step) {
  /** Where a stride is shorter than there are heads, each head's blocks are the next ones. */
  public static BlockSparse of(int size, int local, int stride, int heads) {
    return new BlockSparse(size, local, stride, Math.max(1, stride / heads));
  }

  /**
   * Whether a head's query sees the block of a key; that none sees what comes after it is another
   * matter.
   */
  public boolean sees(int head, int query, int key) {
    return seesBlock(head, query / size, key / size);
  }

  /** Whether every head's query, and each between the two, sees all from the key on. */
  public boolean seesLocally(int query, int key) {
    return query / size - key / size < local;
  }

  /** Whether it sees any of some positions. */
  public boolean seesAny(int head, int query, int from, int count) {
    for (int block = from / size; block <= (from + count - 1) / size; block++) {
      if (seesBlock(head, query / size, block)) {
        return true;
      }
    }
    return false;
  }

  /** The same of blocks. */
  public boolean seesBlock(int head, int query, int key) {
    return query - key < local || (key + head * step + 1) % stride == 0;
  }
}
