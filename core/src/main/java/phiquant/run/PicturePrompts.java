package phiquant.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import phiquant.UserError;
import phiquant.picture.CropGrid;
import phiquant.picture.Picture;
import phiquant.picture.Preprocessing;
import phiquant.picture.Tiles;
import phiquant.tokenizer.Message;

/**
 * Prompts with pictures in them. As in the released processing_phi3_v.py a text is cut at its tags
 * {@code <|image_1|>} …, each piece is tokenized by itself, and so many tokens as a picture has
 * stand in a tag's place. Equal pictures get equal tokens, others never, so that what prompts have
 * in common can be found by their tokens. May be used by several threads.
 */
final class PicturePrompts {
  private static final Pattern TAG = Pattern.compile("<\\|image_(\\d{1,9})\\|>");

  /** Pictures whose tokens are remembered when no prompt has them any more. */
  private static final int REMEMBERED = 256;

  private final Function<String, int[]> tokenizer;
  private final int room;
  private Preprocessing preprocessing;
  private int next;

  /** The first place of each picture that came lately, by its digest. */
  private final Map<String, Integer> places =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
          return size() > REMEMBERED;
        }
      };

  /** What prompts show that somebody still has; arrays are told apart by identity. */
  private final Map<int[], Map<Integer, Tiles>> shown = new WeakHashMap<>();

  /** Where pictures begin, and how many tokens they have. */
  private final TreeMap<Integer, Integer> lengths = new TreeMap<>();

  /**
   * For a model that sees.
   *
   * @param tokenizer gives a piece's tokens, with those that it begins a text with
   * @param room most tokens of a prompt
   */
  PicturePrompts(Function<String, int[]> tokenizer, Preprocessing preprocessing, int room) {
    this.room = room;
    this.tokenizer = tokenizer;
    this.preprocessing = preprocessing;
  }

  /** Pictures that come from now on are cut into so many crops at most. */
  synchronized void crops(int most) {
    preprocessing = preprocessing.withCrops(most);
  }

  /** A conversation with a tag for each picture before its turn's text, unless it has tags. */
  static List<Message> tagged(List<Message> messages) {
    if (messages.stream().anyMatch(message -> TAG.matcher(message.content()).find())) {
      return messages;
    }
    List<Message> tagged = new ArrayList<>();
    int number = 1;
    for (Message message : messages) {
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < message.pictures().size(); i++) {
        text.append("<|image_").append(number++).append("|>\n");
      }
      tagged.add(new Message(message.role(), text + message.content(), message.calls(), List.of()));
    }
    return tagged;
  }

  /**
   * A text's tokens; pictures' are below 0.
   *
   * @throws UserError if tags and pictures do not fit each other, or a picture is too narrow
   */
  synchronized int[] tokens(String text, List<Picture> pictures) {
    List<Integer> tags = TAG.matcher(text).results().map(PicturePrompts::number).toList();
    check(tags, pictures.size());
    checkRoom(pictures);
    Map<Integer, Tiles> asked = new HashMap<>();
    List<int[]> parts = new ArrayList<>();
    int from = 0;
    Matcher tag = TAG.matcher(text);
    for (int i = 0; tag.find(); i++) {
      parts.add(tokenizer.apply(text.substring(from, tag.start())));
      parts.add(show(pictures.get(i), asked));
      from = tag.end();
    }
    parts.add(tokenizer.apply(text.substring(from)));
    int[] prompt = parts.stream().flatMapToInt(Arrays::stream).toArray();
    shown.put(prompt, asked);
    return prompt;
  }

  private static int number(java.util.regex.MatchResult tag) {
    return Integer.parseInt(tag.group(1));
  }

  private static void check(List<Integer> tags, int pictures) {
    List<Integer> right = IntStream.rangeClosed(1, tags.size()).boxed().toList();
    if (new TreeSet<>(tags).size() < tags.size()) {
      throw new UserError("A picture's tag stands twice in the prompt; each may stand once.");
    }
    if (!tags.stream().sorted().toList().equals(right)) {
      throw new UserError(
          "The tags of pictures in the prompt must run from <|image_1|> to <|image_%d|>."
              .formatted(tags.size()));
    }
    if (tags.size() != pictures) {
      throw new UserError(
          "The prompt has tags for %d pictures, and there are %d."
              .formatted(tags.size(), pictures));
    }
  }

  /** Before anything is made of them: each takes some megabytes. */
  private void checkRoom(List<Picture> pictures) {
    long tokens = 0;
    for (Picture picture : pictures) {
      tokens += CropGrid.of(picture.width(), picture.height(), preprocessing.crops()).tokens();
      if (tokens >= room) {
        throw new UserError(
            "The prompt's pictures have %d tokens or more, which leaves no room in a context of %d."
                .formatted(tokens, room),
            "Show fewer, in fewer crops, or allow more with --ctx.");
      }
    }
  }

  /** The features fill the tags' places in the order of the pictures, whatever the tags say. */
  private int[] show(Picture picture, Map<Integer, Tiles> asked) {
    Tiles tiles = Tiles.of(picture, preprocessing.crops(), preprocessing.scale());
    int count = tiles.grid().tokens();
    int first = places.computeIfAbsent(tiles.digest(), digest -> begin(count));
    asked.put(first, tiles);
    return IntStream.range(first, first + count).map(PictureRows::token).toArray();
  }

  private int begin(int count) {
    int first = next;
    next = Math.addExact(next, count);
    lengths.put(first, count);
    return first;
  }

  /** The pictures of a prompt, by the places of their first tokens. */
  synchronized Map<Integer, Tiles> of(int[] prompt) {
    return shown.getOrDefault(prompt, Map.of());
  }

  /** Where the pictures begin that tokens are of. */
  synchronized Set<Integer> begun(int[] tokens) {
    Set<Integer> begun = new TreeSet<>();
    for (int token : tokens) {
      if (token < 0) {
        begun.add(lengths.floorKey(PictureRows.place(token)));
      }
    }
    return begun;
  }
}
