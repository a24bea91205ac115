"""Renders chat templates as transformers does.

Usage: chat_template_driver.py CASES, a JSON file with a list of {template, messages, tokens};
prints a JSON list of the texts, null where the template raises.
"""

import json
import sys

from transformers.utils.chat_template_utils import render_jinja_template


def render(case):
    try:
        texts, _ = render_jinja_template(
            conversations=[case["messages"]],
            chat_template=case["template"],
            add_generation_prompt=True,
            **case["tokens"],
        )
        return texts[0]
    except Exception:
        return None


with open(sys.argv[1], encoding="utf-8") as file:
    json.dump([render(case) for case in json.load(file)], sys.stdout)
