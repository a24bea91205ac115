package phiquant.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.picture.Picture;
import phiquant.picture.Preprocessing;
import phiquant.run.attention.KvCache;
import phiquant.run.grammar.Constraint;
import phiquant.run.grammar.TokenMasks;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.ChatTemplate;
import phiquant.tokenizer.EndTokens;
import phiquant.tokenizer.Message;
import phiquant.tokenizer.TokenBytes;
import phiquant.tokenizer.Tokenizer;

/**
 * A model to talk to: tokenizer, chat template, engine and the cache of the conversation so far.
 * What a prompt has in common with the last one is not computed again, so a chat costs only what is
 * new in it. For one caller at a time; {@link #together} is for many.
 */
public final class Session implements AutoCloseable {
  /** What is allocated unless more is asked for; models made for 128k would need too much. */
  public static final int DEFAULT_CONTEXT = 4096;

  /** Characters of a prompt: 131,072 tokens of 16. */
  private static final int LONGEST_PROMPT = 2 << 20;

  /** Characters of a long prompt that are tokenized first, to see whether the rest can matter. */
  private static final int BEGINNING = 1 << 18;

  private final Checkpoint checkpoint;
  private final LanguageModel model;
  private final Tokenizer tokenizer;
  private final Set<Integer> ends;
  private final KvCache cache;
  private ChatTemplate template;
  private TokenBytes bytes;
  private TokenMasks masks;
  private PicturePrompts pictures;

  private Session(Checkpoint checkpoint, LanguageModel model, Tokenizer tokenizer, KvCache cache) {
    this.checkpoint = checkpoint;
    this.model = model;
    this.tokenizer = tokenizer;
    this.cache = cache;
    this.ends = EndTokens.of(checkpoint);
  }

  /**
   * With an open artifact or checkpoint, which is closed with the session or if this fails.
   *
   * @param context tokens that prompt and answer may have together; by default {@value
   *     #DEFAULT_CONTEXT}, or fewer if the model was made for fewer
   * @throws UserError if it is unsupported or made for fewer tokens
   */
  public static Session open(Checkpoint checkpoint, RunOptions options, OptionalInt context) {
    LanguageModel model = null;
    Tokenizer tokenizer = null;
    try {
      model = LanguageModel.of(checkpoint, options);
      tokenizer = Tokenizer.of(checkpoint);
      int length = context.orElse(Math.min(DEFAULT_CONTEXT, model.config().contextLength()));
      return new Session(checkpoint, model, tokenizer, model.cache(length));
    } catch (RuntimeException e) {
      close(checkpoint, model, tokenizer);
      throw e;
    }
  }

  /** The open artifact. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  /** What a person should know of the artifact, a sentence each. */
  public List<String> notices() {
    return model.notices();
  }

  /** Tokens that prompt and answer may have together. */
  public int context() {
    return cache.context();
  }

  /** Tokens that the model knows. */
  public int vocabulary() {
    return model.config().vocabulary();
  }

  /** How the model's makers let it choose tokens; another seed each time. */
  public Sampling recommended() {
    JsonNode config =
        checkpoint
            .file("generation_config.json")
            .map(
                bytes ->
                    (JsonNode) Json.object(bytes, checkpoint.path() + "/generation_config.json"))
            .orElse(MissingNode.getInstance());
    return Sampling.recommended(config, RandomGenerator.getDefault().nextLong());
  }

  /**
   * A text's tokens, as it is.
   *
   * @throws UserError if it is longer than any context, or begins with twice the tokens of this
   *     one: the tokenizer takes hundreds of bytes for each, before they can be counted
   */
  public int[] prompt(String text) {
    if (model.sees()) {
      return pictures().tokens(text, List.of());
    }
    return words(text, false);
  }

  /** With what the tokenizer begins a text with, or without. */
  private int[] words(String text, boolean whole) {
    if (text.length() > LONGEST_PROMPT) {
      throw new UserError(
          "The prompt has %d characters, more than any model's context holds."
              .formatted(text.length()));
    }
    if (text.length() > BEGINNING) {
      int tokens = tokenizer.encode(text.substring(0, BEGINNING)).length;
      if (tokens / 2 >= cache.context()) {
        throw tooLong("more than " + tokens);
      }
    }
    return whole ? tokenizer.encodeWhole(text) : tokenizer.encode(text);
  }

  /**
   * A text's tokens, and those of the pictures that its tags {@code <|image_1|>} … stand for.
   *
   * @throws UserError also if the model sees nothing, or tags and pictures do not fit
   */
  public int[] prompt(String text, List<Picture> shown) {
    return shown.isEmpty() ? prompt(text) : pictures().tokens(text, shown);
  }

  /** Into how many crops at most pictures are cut from now on, instead of what the model says. */
  public void crops(int most) {
    pictures().crops(most);
  }

  private synchronized PicturePrompts pictures() {
    if (!model.sees()) {
      throw new UserError(
          checkpoint.path()
              + (model.isApartFromTower()
                  ? ": phiquant does not see with the tower of this model."
                  : " is a model of text: it cannot be shown a picture."),
          "Phi-3-vision and Phi-3.5-vision can, from their checkpoint.");
    }
    if (pictures == null) {
      Preprocessing preprocessing = Preprocessing.of(checkpoint);
      pictures = new PicturePrompts(text -> words(text, true), preprocessing, context());
    }
    return pictures;
  }

  /**
   * Checks that conversations are possible.
   *
   * @throws UserError if the model has no chat template, or one that is not understood
   */
  public synchronized void requireTemplate() {
    if (template == null) {
      template = ChatTemplate.of(checkpoint);
    }
  }

  /**
   * A conversation's tokens, up to where the model's turn begins.
   *
   * @throws UserError if the model has no chat template, or one that refuses
   */
  public int[] prompt(List<Message> messages) {
    return prompt(messages, List.of());
  }

  /** The same, with tools that the model may call, each as {@link ChatTemplate#render} takes it. */
  public synchronized int[] prompt(List<Message> messages, List<JsonNode> tools) {
    requireTemplate();
    List<Picture> shown = messages.stream().flatMap(each -> each.pictures().stream()).toList();
    List<Message> said = shown.isEmpty() ? messages : PicturePrompts.tagged(messages);
    return prompt(template.render(said, tools), shown);
  }

  /** The tokens between which the model calls tools; empty if it was not made for that. */
  public synchronized Optional<Generation.Marks> marks() {
    requireTemplate();
    return template.tools().map(tools -> new Generation.Marks(tools.open(), tools.close()));
  }

  /** What each token adds to a text; read when it is first asked for. */
  public synchronized TokenBytes tokenBytes() {
    if (bytes == null) {
      bytes = TokenBytes.of(checkpoint, vocabulary());
    }
    return bytes;
  }

  /** What a token adds to a text; of an added one its own text, of none nothing. */
  public byte[] bytes(int token) {
    byte[] own = tokenBytes().bytes()[token];
    return own != null ? own : tokenizer.decode(token).getBytes(StandardCharsets.UTF_8);
  }

  synchronized TokenMasks masks() {
    if (masks == null) {
      masks = new TokenMasks(tokenBytes(), ends);
    }
    return masks;
  }

  /**
   * Lets the model continue a prompt.
   *
   * @param listener is given each piece of text when it is certain, also empty ones, and says
   *     whether it wants more; asked between the portions of a long prompt too
   * @throws UserError if the prompt is empty, does not fit, or is not in the model's vocabulary
   */
  public Reply generate(int[] prompt, Generation asked, Predicate<String> listener) {
    return grow(prompt, asked, piece -> listener.test(piece.text()));
  }

  /** The same for a listener that also wants to know of calls and chances. */
  public Reply grow(int[] prompt, Generation asked, Predicate<Increment> listener) {
    check(prompt);
    long start = System.nanoTime();
    int reused = reuse(prompt);
    look(prompt, List.of(prompt));
    GrowingAnswer answer = answer(prompt, asked, listener);
    float[] logits = read(Arrays.copyOfRange(prompt, reused, prompt.length), listener);
    long first = System.nanoTime();
    int steps = 0;
    int[] one = new int[1];
    while (logits != null && answer.grows()) {
      int token = answer.next(logits);
      if (steps == 0) {
        first = System.nanoTime();
      }
      if (cache.length() >= cache.context()) {
        answer.fill();
      }
      if (answer.grows()) {
        one[0] = token;
        model.logits(one, cache, logits);
        steps++;
      }
    }
    return answer.reply(reused, (first - start) / 1e9, steps, first);
  }

  /**
   * Lets many talk to the model at once, until what this returns is closed. What there is of a
   * conversation here stays; nothing else may be generated meanwhile.
   *
   * @param places how many answers grow at once; others wait
   */
  public Answering together(int places) {
    return new Answering(this, model, places, context());
  }

  /** An answer that has nothing yet. */
  GrowingAnswer answer(int[] prompt, Generation asked, Predicate<Increment> listener) {
    return new GrowingAnswer(prompt, asked, tokenizer, ends, constraint(asked), listener);
  }

  private Constraint constraint(Generation asked) {
    return asked.grammar().map(grammar -> new Constraint(grammar, masks())).orElse(null);
  }

  /**
   * Checks that a prompt can be continued.
   *
   * @throws UserError if not
   */
  void check(int[] prompt) {
    if (prompt.length == 0) {
      throw new UserError("The prompt is empty.");
    }
    if (prompt.length >= cache.context()) {
      throw tooLong(Integer.toString(prompt.length));
    }
    for (int token : prompt) {
      if (token >= model.config().vocabulary()) {
        throw new UserError(
            "%s has a tokenizer for more tokens than its model knows (%d): they do not belong together."
                .formatted(checkpoint.path(), model.config().vocabulary()));
      }
    }
  }

  private UserError tooLong(String tokens) {
    return new UserError(
        "The prompt has %s tokens, which leaves no room in a context of %d."
            .formatted(tokens, cache.context()),
        "Shorten it, or allow more with --ctx; this model was made for at most %d."
            .formatted(model.config().contextLength()));
  }

  /**
   * Shows the model the pictures of a prompt that it has not seen yet, which may take a while.
   *
   * @param kept prompts whose pictures are not forgotten
   */
  void look(int[] prompt, List<int[]> kept) {
    PicturePrompts known = shown();
    if (known != null) {
      Set<Integer> held = new HashSet<>();
      kept.forEach(each -> held.addAll(known.begun(each)));
      model.look(known.of(prompt), held);
    }
  }

  private synchronized PicturePrompts shown() {
    return pictures;
  }

  /** Cuts the cache to what it shares with a prompt, less one token to compute logits from. */
  private int reuse(int[] prompt) {
    int common = Math.min(cache.common(prompt), prompt.length - 1);
    cache.truncate(common);
    cache.expect(prompt.length);
    return common;
  }

  /** The logits after the prompt's last token, or null if the listener wants no more. */
  private float[] read(int[] tokens, Predicate<Increment> listener) {
    float[] logits = new float[vocabulary()];
    for (int from = 0; from < tokens.length; ) {
      if (!listener.test(Increment.NOTHING)) {
        return null;
      }
      int to = from + Portions.next(tokens.length - from, true);
      int[] portion = Arrays.copyOfRange(tokens, from, to);
      if (to == tokens.length) {
        model.logits(portion, cache, logits);
      } else {
        model.read(portion, cache);
      }
      from = to;
    }
    return logits;
  }

  /** Forgets the conversation. */
  public void reset() {
    cache.truncate(0);
  }

  @Override
  public void close() {
    close(checkpoint, model, tokenizer);
  }

  private static void close(Checkpoint checkpoint, LanguageModel model, Tokenizer tokenizer) {
    if (tokenizer != null) {
      tokenizer.close();
    }
    if (model != null) {
      model.close();
    }
    checkpoint.close();
  }
}
