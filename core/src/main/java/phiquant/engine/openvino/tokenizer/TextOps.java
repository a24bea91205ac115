package phiquant.engine.openvino.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;

/**
 * The operators of OpenVINO Tokenizers that Phi's tokenizers are made of: a vocabulary, no more.
 * Source: the operators' {@code validate_and_infer_types} and {@code evaluate} in
 * openvino_tokenizers, 2026.4.
 */
record TextOps(Ir graph) {
  private static final String EXTENSION = "extension";
  private static final List<Type> STRINGS = List.of(Type.I32, Type.I32, Type.U8);
  private static final List<Type> RAGGED_NUMBERS = List.of(Type.I32, Type.I32, Type.I32);

  /**
   * A vector of texts in three tensors.
   *
   * @param begins where each text begins among the bytes, i32
   * @param ends where it ends
   * @param chars UTF-8, u8
   */
  record Strings(Out begins, Out ends, Out chars) {
    static Strings of(List<Out> outs) {
      return new Strings(outs.get(0), outs.get(1), outs.get(2));
    }

    List<Out> outs() {
      return List.of(begins, ends, chars);
    }
  }

  /**
   * Rows that hold different numbers of elements.
   *
   * @param begins where each row begins among the elements, i32
   * @param ends where it ends
   */
  record Rows(Out begins, Out ends) {}

  /**
   * Texts cut into pieces.
   *
   * @param rows the pieces of each text
   * @param skips a truth value for each piece: whether it is a special token, which no further step
   *     looks into; null until special tokens have been cut out
   */
  record Pieces(Rows rows, Strings strings, Out skips) {
    List<Out> outs() {
      List<Out> outs = new ArrayList<>(List.of(rows.begins(), rows.ends()));
      outs.addAll(marked());
      return outs;
    }

    private List<Out> marked() {
      List<Out> outs = new ArrayList<>(strings.outs());
      if (skips != null) {
        outs.add(skips);
      }
      return outs;
    }
  }

  /** Texts of the model's input as bytes. */
  Strings unpack(Out texts) {
    return Strings.of(
        graph.ops("StringTensorUnpack", "opset15", Map.of(), STRINGS, List.of(texts)));
  }

  /** Bytes as texts of the model's output, which gets a name. */
  Out pack(String name, Strings strings) {
    return graph.named(
        name,
        "StringTensorPack",
        "opset15",
        Map.of(),
        Type.STRING,
        strings.outs().toArray(Out[]::new));
  }

  /** Constant texts. */
  Strings strings(List<byte[]> texts) {
    int[] begins = new int[texts.size()];
    int[] ends = new int[texts.size()];
    int size = 0;
    for (int i = 0; i < begins.length; i++) {
      begins[i] = size;
      size = Math.addExact(size, texts.get(i).length);
      ends[i] = size;
    }
    byte[] chars = new byte[size];
    for (int i = 0; i < begins.length; i++) {
      System.arraycopy(texts.get(i), 0, chars, begins[i], texts.get(i).length);
    }
    return new Strings(graph.i32s(begins), graph.i32s(ends), graph.u8s(chars));
  }

  /** One constant text, such as a pattern. */
  Out text(String text) {
    return graph.u8s(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Cuts out what the pattern's groups match, and marks it. */
  Pieces cutSpecial(Pieces pieces, String pattern) {
    return cut("SpecialTokensSplit", Map.of(), pieces, pattern, true);
  }

  /**
   * Cuts pieces where a pattern matches.
   *
   * @param behaviour {@code isolate}, {@code remove}, {@code contiguous}, {@code
   *     mergedwithprevious} or {@code mergedwithnext}
   * @param invert whether matches are what is kept and the rest is what separates
   */
  Pieces cut(Pieces pieces, String pattern, String behaviour, boolean invert) {
    Map<String, String> attributes =
        Map.of("behaviour", behaviour, "invert", Boolean.toString(invert), "max_splits", "-1");
    return cut("RegexSplit", attributes, pieces, pattern, pieces.skips() != null);
  }

  private Pieces cut(
      String type, Map<String, String> attributes, Pieces pieces, String pattern, boolean marks) {
    List<Out> inputs = pieces.outs();
    inputs.add(text(pattern));
    List<Type> types = new ArrayList<>(List.of(Type.I32, Type.I32, Type.I32, Type.I32, Type.U8));
    if (marks) {
      types.add(Type.BOOLEAN);
    }
    List<Out> outs = graph.ops(type, EXTENSION, attributes, types, inputs);
    return new Pieces(
        new Rows(outs.get(0), outs.get(1)),
        Strings.of(outs.subList(2, 5)),
        marks ? outs.get(5) : null);
  }

  /**
   * Replaces what a pattern matches, but not in special tokens.
   *
   * @param replacement in PCRE2's form: {@code $1} is what the first group matched
   */
  Pieces replace(Pieces pieces, String pattern, String replacement) {
    List<Out> inputs = pieces.marked();
    inputs.addAll(List.of(text(pattern), text(replacement)));
    List<Type> types = new ArrayList<>(STRINGS);
    if (pieces.skips() != null) {
      types.add(Type.BOOLEAN);
    }
    List<Out> outs =
        graph.ops("RegexNormalization", EXTENSION, Map.of("global_replace", "true"), types, inputs);
    return new Pieces(pieces.rows(), Strings.of(outs), pieces.skips() == null ? null : outs.get(3));
  }

  /** Merges the bytes or characters of each piece; the result is the tokens of each text. */
  Ragged bytePairs(
      Pieces pieces, Strings vocabulary, Strings left, Strings right, BytePairs.Settings settings) {
    List<Out> inputs = new ArrayList<>();
    inputs.addAll(List.of(pieces.rows().begins(), pieces.rows().ends()));
    inputs.addAll(pieces.strings().outs());
    inputs.addAll(vocabulary.outs());
    inputs.addAll(left.outs());
    inputs.addAll(right.outs());
    Map<String, String> attributes =
        Map.of(
            "unk_token",
            settings.unknown(),
            "fuse_unk",
            Boolean.toString(settings.fuseUnknown()),
            "suffix_indicator",
            "",
            "end_suffix",
            "",
            "byte_fallback",
            Boolean.toString(settings.byteFallback()),
            "cache_capacity",
            "20000");
    return Ragged.of(graph.ops("BPETokenizer", EXTENSION, attributes, RAGGED_NUMBERS, inputs));
  }

  /** Tokens of texts: rows of different lengths. */
  record Ragged(Rows rows, Out elements) {
    static Ragged of(List<Out> outs) {
      return new Ragged(new Rows(outs.get(0), outs.get(1)), outs.get(2));
    }

    List<Out> outs() {
      return List.of(rows.begins(), rows.ends(), elements);
    }
  }

  /** Keeps the first {@code length} tokens of each row. */
  Ragged truncate(Ragged tokens, Out length) {
    List<Out> inputs = new ArrayList<>(tokens.outs());
    inputs.addAll(List.of(length, text("right"), text("longest_first")));
    return Ragged.of(
        graph.ops("Truncate", EXTENSION, Map.of("m_num_inputs", "1"), RAGGED_NUMBERS, inputs));
  }

  /** Puts rows one after the other; a row that is a constant goes with each of the others. */
  Ragged combine(List<Ragged> segments, int... typeIds) {
    List<Out> inputs = new ArrayList<>();
    segments.forEach(segment -> inputs.addAll(segment.outs()));
    inputs.add(graph.i32s(typeIds));
    List<Type> types = List.of(Type.I32, Type.I32, Type.I32, Type.I32, Type.I32, Type.I32);
    return Ragged.of(
        graph.ops("CombineSegments", EXTENSION, Map.of(), types, inputs).subList(0, 3));
  }

  /**
   * Pads rows on the left.
   *
   * @return the matrix, and the truth values that tell tokens from padding
   */
  List<Out> dense(Ragged tokens, Out length, int padding) {
    List<Out> inputs = new ArrayList<>(tokens.outs());
    inputs.addAll(List.of(length, graph.i32(padding)));
    return graph.ops(
        "RaggedToDense",
        EXTENSION,
        Map.of("pad_right", "false", "m_pad_max_length", "false"),
        List.of(Type.I32, Type.BOOLEAN),
        inputs);
  }

  /** The texts of tokens, shape [batch, sequence]; the skipped ones have none. */
  Pieces decode(Out tokens, Strings vocabulary, int[] skipped) {
    List<Out> inputs = new ArrayList<>(List.of(tokens));
    inputs.addAll(vocabulary.outs());
    inputs.add(graph.i32s(skipped));
    List<Type> types = List.of(Type.I32, Type.I32, Type.I32, Type.I32, Type.U8);
    List<Out> outs = graph.ops("VocabDecoder", EXTENSION, Map.of("skip_tokens", ""), types, inputs);
    return new Pieces(new Rows(outs.get(0), outs.get(1)), Strings.of(outs.subList(2, 5)), null);
  }

  /** Joins the pieces of each row. */
  Strings join(Pieces pieces) {
    List<Out> inputs =
        List.of(
            pieces.rows().begins(),
            pieces.rows().ends(),
            pieces.strings().begins(),
            pieces.strings().ends());
    List<Out> outs =
        graph.ops("FuzeRagged", EXTENSION, Map.of(), List.of(Type.I32, Type.I32), inputs);
    return new Strings(outs.get(0), outs.get(1), pieces.strings().chars());
  }

  /** Replaces what is not UTF-8, such as half a character, with U+FFFD. */
  Strings validate(Strings strings) {
    return Strings.of(
        graph.ops(
            "UTF8Validate", EXTENSION, Map.of("replace_mode", "true"), STRINGS, strings.outs()));
  }
}
