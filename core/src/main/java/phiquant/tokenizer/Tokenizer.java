package phiquant.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;

/**
 * Turns text into a model's tokens and back, as {@code tokenizer.json} says, by Hugging Face's own
 * library. Every artifact has that file or facts that amount to it, so that all of them are
 * tokenized alike. May be used by several threads.
 */
public final class Tokenizer implements AutoCloseable {
  static final int MAX_TEXT = 8 << 20;
  static final int MAX_SPACE = 1 << 20;

  private final TokenizersLibrary library;
  private final long handle;
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();
  private boolean closed;

  private Tokenizer(TokenizersLibrary library, long handle) {
    this.library = library;
    this.handle = handle;
  }

  /**
   * The tokenizer of a checkpoint or artifact.
   *
   * @throws UserError if it has none, or one that the library does not understand
   */
  public static Tokenizer of(Checkpoint checkpoint) {
    byte[] json =
        checkpoint
            .file("tokenizer.json")
            .orElseThrow(
                () ->
                    new UserError(
                        checkpoint.path() + " has no tokenizer.json.",
                        "Put the original model's tokenizer.json there."));
    check(json, checkpoint);
    TokenizersLibrary library = NativeTokenizers.LIBRARY;
    try {
      long handle = library.createTokenizerFromString(new String(json, StandardCharsets.UTF_8));
      // Some releases cut or pad what they encode; a prompt must come through whole.
      library.disableTruncation(handle);
      library.disablePadding(handle);
      return new Tokenizer(library, handle);
    } catch (RuntimeException e) {
      throw new UserError(
          checkpoint.path() + " has a tokenizer.json that is not understood: " + e.getMessage(), e);
    }
  }

  /**
   * Refuses a tokenizer that does not fit its model, or that the library would not bear; all is
   * well without one.
   *
   * @throws UserError saying what is wrong
   */
  public static void check(Checkpoint checkpoint) {
    checkpoint.file("tokenizer.json").ifPresent(bytes -> check(bytes, checkpoint));
  }

  /** The same for a tokenizer.json that has been read. */
  public static TokenizerJson check(byte[] json, Checkpoint checkpoint) {
    long tokens = checkpoint.config().path("vocab_size").asLong(TokenizerJson.MAX_TOKENS);
    return TokenizerJson.of(json, tokens, checkpoint.path() + "/tokenizer.json");
  }

  /** The text's tokens; special tokens in it are recognized, and none are added. */
  public int[] encode(String text) {
    return encode(text, false);
  }

  /** The same with the tokens that the tokenizer begins and ends a text with, if it has some. */
  public int[] encodeWhole(String text) {
    return encode(text, true);
  }

  private int[] encode(String text, boolean whole) {
    checkLength(text);
    return whileOpen(
        () -> {
          long encoding = library.encode(handle, wellFormed(text), whole);
          try {
            return Arrays.stream(library.getTokenIds(encoding))
                .mapToInt(Math::toIntExact)
                .toArray();
          } finally {
            library.deleteEncoding(encoding);
          }
        });
  }

  /** A long text takes a hundred times its memory; a long run of space, the pattern's patience. */
  private static void checkLength(String text) {
    if (text.length() > MAX_TEXT) {
      throw new UserError("The text has more than " + MAX_TEXT + " characters.");
    }
    int run = 0;
    for (int i = 0; i < text.length(); i++) {
      run = Character.isWhitespace(text.charAt(i)) ? run + 1 : 0;
      if (run > MAX_SPACE) {
        throw new UserError("The text has more than " + MAX_SPACE + " spaces in a row.");
      }
    }
  }

  /** The tokens' text, special tokens included; bytes that are not UTF-8 become U+FFFD. */
  public String decode(int... ids) {
    return decode(ids, false);
  }

  String decode(int[] ids, boolean skipSpecial) {
    long[] wide = Arrays.stream(ids).asLongStream().toArray();
    return whileOpen(() -> library.decode(handle, wide, skipSpecial));
  }

  /** The library would use freed memory without a word. */
  private <T> T whileOpen(Supplier<T> work) {
    use.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("the tokenizer is closed");
      }
      return work.get();
    } finally {
      use.readLock().unlock();
    }
  }

  /** A decoder for tokens that come one by one; it leaves special tokens out. */
  public TokenStream stream() {
    return new TokenStream(this);
  }

  /** Half a surrogate pair has no UTF-8, and the library would end the process. */
  private static String wellFormed(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE);
  }

  /** Frees the library's memory; the tokenizer must not be used afterwards. */
  @Override
  public void close() {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        library.deleteTokenizer(handle);
      }
    } finally {
      use.writeLock().unlock();
    }
  }
}
