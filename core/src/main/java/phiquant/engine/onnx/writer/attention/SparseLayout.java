package phiquant.engine.onnx.writer.attention;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.model.Attention;
import phiquant.model.BlockSparse;
import phiquant.model.PhiConfig;

/**
 * Which blocks of keys each block of queries sees, head by head, as ONNX Runtime's {@code
 * SparseAttention} takes it: columns one row after the other, and where rows begin. Source: the
 * operator's documentation in ONNX Runtime's ContribOperators.md, and {@code calculate_block_mask}
 * in GenAI's builders/phi.py.
 *
 * @param rows i32 of shape [heads, blocks + 1]
 * @param columns i32 of shape [heads, most that a head sees], filled up with -1
 * @param lengths past and new tokens of each sequence, i32 of shape [batch]
 */
public record SparseLayout(Value rows, Value columns, Value lengths) {
  /** The layout of a model. */
  public static SparseLayout of(
      Graph graph, Lengths lengths, PhiConfig config, BlockSparse blocks) {
    int count = Math.ceilDiv(config.contextLength(), blocks.size());
    List<Integer> begins = new ArrayList<>();
    List<List<Integer>> seen = new ArrayList<>();
    for (int head = 0; head < config.heads(); head++) {
      List<Integer> own = new ArrayList<>();
      begins.add(0);
      for (int query = 0; query < count; query++) {
        for (int key = 0; key <= query; key++) {
          if (blocks.seesBlock(head, query, key)) {
            own.add(key);
          }
        }
        begins.add(own.size());
      }
      seen.add(own);
    }
    int most = seen.stream().mapToInt(List::size).max().orElseThrow();
    List<Integer> columns = new ArrayList<>();
    for (List<Integer> own : seen) {
      columns.addAll(own);
      columns.addAll(Collections.nCopies(most - own.size(), -1));
    }
    long heads = config.heads();
    return new SparseLayout(
        graph.i32s("block_row_indices", List.of(heads, count + 1L), begins),
        graph.i32s("block_col_indices", List.of(heads, (long) most), columns),
        lengths.all(graph));
  }

  /** The operator, but for its inputs. */
  static Op op(Graph graph, String path, PhiConfig config, Attention attention) {
    return graph
        .op(Graph.MICROSOFT, "SparseAttention", path + "/SparseAttention")
        .with("num_heads", config.heads())
        .with("kv_num_heads", config.kvHeads())
        .with("scale", (float) attention.scale(config.headSize()))
        .with("sparse_block_size", attention.blocks().orElseThrow().size())
        .with("do_rotary", 1)
        .with("rotary_interleaved", 0);
  }
}
