package phiquant.engine.gguf.writer;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;

/**
 * The tokens of a model with llama.cpp's types and, for SentencePiece, scores.
 *
 * @param tokens by id
 * @param types by id: the constants below
 * @param scores by id, or null for byte-level BPE
 */
record Vocabulary(String[] tokens, int[] types, float[] scores) {
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;
  static final int BYTE = 6;

  /** Scores that the converter gives to added tokens and to ids without a token. */
  private static final float ADDED_SCORE = -1000;

  private static final float UNUSED_SCORE = -10000;

  /** After three tokens for control and 256 for bytes. */
  private static final int FIRST_TRAINED = 259;

  private static final float SPACES_SCORE = -1e9f;

  /** Byte-level BPE: {@code get_vocab_base} of llama.cpp's converter. */
  static Vocabulary byteLevel(TokenizerFiles files, int size) {
    String[] tokens = files.vocabulary(size);
    int[] types = new int[size];
    for (int id = 0; id < size; id++) {
      types[id] = tokens[id] == null ? UNUSED : NORMAL;
      tokens[id] = tokens[id] == null ? "[PAD" + id + "]" : tokens[id];
    }
    for (TokenizerFiles.Added token : files.added()) {
      boolean control = token.special() || looksSpecial(token.content());
      types[token.id()] = control ? CONTROL : USER_DEFINED;
      // llama.cpp wants user-defined tokens as they look after normalization.
      tokens[token.id()] = control ? token.content() : token.content().replace('▁', ' ');
    }
    return new Vocabulary(tokens, types, null);
  }

  /** Some models do not mark as special what is (converter's {@code does_token_look_special}). */
  private static boolean looksSpecial(String token) {
    return List.of("<pad>", "<mask>", "<2mass>", "[@BOS@]").contains(token)
        || (token.startsWith("<|") && token.endsWith("|>"))
        || (token.startsWith("<｜") && token.endsWith("｜>"))
        || (token.startsWith("<unused") && token.endsWith(">"));
  }

  /**
   * SentencePiece: pieces and scores from {@code tokenizer.model}, or from tokenizer.json where
   * that is missing; then the added tokens over them.
   */
  static Vocabulary sentencePiece(TokenizerFiles files, int size) {
    String[] tokens = new String[size];
    float[] scores = new float[size];
    int[] types = new int[size];
    Arrays.setAll(tokens, id -> "[PAD" + id + "]");
    Arrays.fill(scores, UNUSED_SCORE);
    Arrays.fill(types, UNUSED);
    Vocabulary vocabulary = new Vocabulary(tokens, types, scores);
    files
        .checkpoint()
        .file("tokenizer.model")
        .ifPresentOrElse(
            bytes -> vocabulary.readPieces(bytes, files.checkpoint().path() + "/tokenizer.model"),
            () -> vocabulary.derivePieces(files));
    for (TokenizerFiles.Added token : files.added()) {
      if (token.id() < size) {
        tokens[token.id()] = token.content();
        scores[token.id()] = ADDED_SCORE;
        types[token.id()] = token.special() ? CONTROL : USER_DEFINED;
      }
    }
    return vocabulary;
  }

  /**
   * Reads a SentencePiece ModelProto: field 1, repeated, is a piece with its text (1), score (2)
   * and type (3). Source: sentencepiece_model.proto; its numbers for types are llama.cpp's.
   */
  private void readPieces(byte[] bytes, String where) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(bytes);
      int id = 0;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) != 1) {
          in.skipField(tag);
          continue;
        }
        int end = in.pushLimit(in.readRawVarint32());
        if (id >= tokens.length) {
          throw new UserError(where + " has more pieces than config.json has tokens.");
        }
        tokens[id] = "";
        scores[id] = 0;
        types[id] = NORMAL;
        for (int part = in.readTag(); part != 0; part = in.readTag()) {
          switch (WireFormat.getTagFieldNumber(part)) {
            case 1 -> tokens[id] = in.readString();
            case 2 -> scores[id] = in.readFloat();
            case 3 -> types[id] = in.readEnum();
            default -> in.skipField(part);
          }
        }
        in.popLimit(end);
        id++;
      }
    } catch (IOException e) {
      throw new UserError(where + " is not a SentencePiece model, or is cut.", e);
    }
  }

  /**
   * Scores as SentencePiece's trainer gives them, a piece's place after the bytes, where the merges
   * are in their order; otherwise ones that fall with the merges' order. Both make llama.cpp merge
   * as tokenizer.json does; the first are those of tokenizer.model, which transformers 5 leaves
   * out.
   */
  private void derivePieces(TokenizerFiles files) {
    List<String> merges = new ArrayList<>(files.merges());
    String[] known = files.vocabulary(tokens.length);
    Map<String, Integer> ids = new HashMap<>();
    Map<String, Integer> rank = new HashMap<>();
    for (int id = 0; id < known.length; id++) {
      if (known[id] != null) {
        ids.put(known[id], id);
      }
    }
    boolean trained = true;
    float last = 0;
    for (int i = 0; i < merges.size(); i++) {
      String piece = merges.get(i).replace(" ", "");
      rank.putIfAbsent(piece, i);
      float score = trainedScore(piece, ids.getOrDefault(piece, 0));
      trained &= score <= last;
      last = score;
    }
    for (int id = 0; id < known.length; id++) {
      if (known[id] != null) {
        tokens[id] = known[id];
        scores[id] =
            trained ? trainedScore(known[id], id) : -(float) rank.getOrDefault(known[id], 0);
        types[id] = known[id].matches("<0x[0-9A-F]{2}>") ? BYTE : NORMAL;
        if (known[id].equals(files.tokenizer().path("model").path("unk_token").asText())) {
          types[id] = UNKNOWN;
        }
      }
    }
  }

  /** Runs of spaces were added to Llama's vocabulary with the lowest score of all. */
  private static float trainedScore(String piece, int id) {
    boolean spaces = piece.length() > 1 && piece.chars().allMatch(c -> c == '▁');
    return id < FIRST_TRAINED ? 0 : spaces ? SPACES_SCORE : FIRST_TRAINED - id;
  }
}
