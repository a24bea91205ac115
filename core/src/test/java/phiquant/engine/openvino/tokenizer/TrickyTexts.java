package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Texts on which tokenizers like to disagree, the same ones every time: joined at random from runs
 * of spaces and digits, every kind of white space, contractions, marks, scripts, emoji, control
 * characters, special tokens, text that looks like tokens, and characters of all planes.
 */
final class TrickyTexts {
  private static final String[] PIECES = {
    " ",
    "  ",
    "   ",
    "       ",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    " \t ",
    "\u000b",
    "\f",
    "\u0085",
    "\u00a0",
    "\u1680",
    "\u180e",
    "\u2003",
    "\u2028",
    "\u2029",
    "\u202f",
    "\u205f",
    "\u3000",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u0000",
    "\u0001",
    "\u001f",
    "\u007f",
    "\ufffd",
    "0",
    "7",
    "42",
    "123",
    "2026",
    "1234567890",
    "3.14",
    "1,000",
    "½",
    "²",
    "Ⅳ",
    "①",
    "٣",
    "५",
    "𝟘",
    "a",
    "I",
    "x1",
    "the",
    "The",
    "HELLO",
    "camelCase",
    "snake_case",
    "don't",
    "DON'T",
    "we'Ll",
    "it's",
    "'S",
    "'",
    "I'm",
    "ı",
    "ſ",
    "'ſ",
    "K",
    "é",
    "e\u0301",
    "ǆ",
    "ǅ",
    "ß",
    "ﬁ",
    "İ",
    "ñ",
    "Ω",
    "привет",
    "здравствуйте",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "ไทย",
    "한국어",
    "한",
    "こんにちは",
    "カタカナ",
    "漢字",
    "中文测试",
    "𠀀",
    "𝒜",
    "ʰ",
    "😀",
    "👩‍👩‍👧‍👦",
    "🏳️‍🌈",
    "🇩🇪",
    "👍🏽",
    "\u0301",
    "a\u0300\u0301\u0302",
    "\u20dd",
    "\u0e31",
    ".",
    ",",
    "!",
    "?!",
    "...",
    "---",
    "//",
    "/",
    "\\",
    "\"",
    "(",
    ")",
    "[]",
    "{}",
    "<",
    ">",
    "<|",
    "|>",
    "$1",
    "$",
    "\\1",
    "#",
    "@",
    "&amp;",
    "%20",
    "_",
    "▁",
    "▁▁",
    "Ġ",
    "Ċ",
    "<0x0A>",
    "<0xFF>",
    "<0x0a>",
    "<s>",
    "</s>",
    "<unk>",
    "<|endoftext|>",
    "<|endoftext",
    "https://example.org/a?b=c",
    "user@example.org",
    "def f(x):\n    return x",
    "    \n  ",
    "```",
    "©",
    "™",
    "€",
    "→",
    "∑",
    "■",
    "￿",
    "\ue000"
  };

  private TrickyTexts() {}

  /** A thousand of them, some with the special tokens of a tokenizer.json. */
  static List<String> of(JsonNode tokenizer) {
    List<String> special = new ArrayList<>();
    tokenizer.path("added_tokens").forEach(token -> special.add(token.path("content").asText()));
    Random random = new Random(20260101);
    List<String> texts = new ArrayList<>(List.of("", " ", "\n", "a".repeat(20_000)));
    texts.add(" ".repeat(20_000) + "1");
    while (texts.size() < 1_000) {
      StringBuilder text = new StringBuilder();
      for (int count = 1 + random.nextInt(12); count > 0; count--) {
        switch (random.nextInt(12)) {
          case 0, 1 -> text.append(special.get(random.nextInt(special.size())));
          case 2 -> text.append(" ".repeat(random.nextInt(5))).append(random.nextInt(10_000));
          case 3 -> text.appendCodePoint(character(random));
          default -> text.append(PIECES[random.nextInt(PIECES.length)]);
        }
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** A character that is assigned, of the planes that are full of them. */
  private static int character(Random random) {
    while (true) {
      int c = random.nextInt(random.nextBoolean() ? 0x3000 : 0x20000);
      if (Character.isDefined(c) && Character.getType(c) != Character.SURROGATE) {
        return c;
      }
    }
  }
}
