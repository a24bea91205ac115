#!/usr/bin/env python3
"""Texts and their tokens as Phi-3-small's tokenizer cuts them: tiktoken with cl100k's ranks and pattern, and the tokens of its own.

  tiktoken_cases.py > tokens-phi-3-small.json

Needs tiktoken; the ranks are those of js-tiktoken (make_tokenizers.py).
"""
import json

import tiktoken
import tiktoken_ext.openai_public as public

from make_tokenizers import ranks

RANKS = {token: rank for rank, token in enumerate(ranks("cl100k_base"))}
public.load_tiktoken_bpe = lambda *_, **__: RANKS
PATTERN = public.cl100k_base()["pat_str"]
# SPECIAL_TOKENS in Phi-3-small's tokenization_phi3_small.py
SPECIAL = {"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|system|>": 100261,
           "<|user|>": 100262, "<|assistant|>": 100263, "<|dummy_id_0|>": 100264, "<|dummy_id_1|>": 100265, "<|end|>": 100266,
           "<|dummy_id_2|>": 100256, "<|endofprompt|>": 100276}
SPECIAL |= {f"<|dummy_id_{3 + i}|>": 100267 + i for i in range(9)} | {f"<|dummy_id_{11 + i}|>": 100276 + i for i in range(1, 76)}

TEXTS = ["", " ", "a", "Hello, world!", "The capital of France is Paris.", "I'm sure they'LL say we've DON'T'S it's",
         "<|user|>\nWho are you?<|end|>\n<|assistant|>\n", "<|endoftext|><|dummy_id_2|><|dummy_id_11|><|dummy_id_12|><|dummy_id_86|><|endofprompt|>",
         "<|user|>  \n <|end|>", "<|nothing|>", "1234567890 12345 1.000.000", "   leading and trailing   ", "tabs\t\tand\n\nnew\r\nlines\r\r\n  \n x",
         "a" * 300, "aaaa" * 7 + "b", "ab" * 101, "=" * 77, " " * 200, "\n" * 50, " \n" * 20, "-----\n+++++\n", "é à ü ß ñ Ø å", "naïve café façade",
         "Привет, как дела? Это проверка.", "日本語のテキストを分割します。漢字かな交じり文", "中文分词测试:你好,世界!", "한국어 텍스트도 있습니다", "مرحبا بالعالم",
         "नमस्ते दुनिया", "שלום עולם", "😀😃👩‍👩‍👧‍👦🇩🇪", "e\u0301 combining", "\u200b\u200d\ufeff", "\u00a0non\u00a0breaking", "\u2028\u2029\u0085",
         "def f(x):\n    return x ** 2  # squared\n\n\nprint(f(3))", "SELECT * FROM t WHERE a >= 10 AND b != 'x';", "https://example.org/a?b=c&d=%20#e",
         "CamelCaseAndsnake_case_and-kebab", "x\u0000y", "ſ'ſ 'S", "Ⅷ ² ½ ①", "٣٤٥ 三四五", "supercalifragilisticexpialidocious antidisestablishmentarianism"]

encoding = tiktoken.Encoding("phi3small", pat_str=PATTERN, mergeable_ranks=RANKS, special_tokens=SPECIAL)
cases = [{"text": text, "tokens": encoding.encode(text, allowed_special="all"), } for text in TEXTS]
how = {"tool": f"tiktoken {tiktoken.__version__}", "command": "tiktoken_cases.py", "pattern": PATTERN}
print(json.dumps({"how": how, "special": SPECIAL, "cases": cases}, ensure_ascii=False))
