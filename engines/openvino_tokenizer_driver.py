"""Asks OpenVINO GenAI what it makes of a tokenizer, for the tests of phiquant.

python openvino_tokenizer_driver.py encode FOLDER FILE   a line of JSON, ids, for each text in the
                                                         JSON list in FILE
python openvino_tokenizer_driver.py decode FOLDER FILE   a line of JSON, a text, for each list of
                                                         ids; special tokens are left out
python openvino_tokenizer_driver.py chat FOLDER FILE     a line of JSON, the prompt, for each
                                                         conversation of a JSON list
"""

import json
import sys

import openvino_genai


def encode(tokenizer, texts):
    for text in texts:
        print(json.dumps(tokenizer.encode(text).input_ids.data[0].tolist()))


def decode(tokenizer, lists):
    for ids in lists:
        print(json.dumps(tokenizer.decode(ids)))


def chat(tokenizer, conversations):
    for messages in conversations:
        print(json.dumps(tokenizer.apply_chat_template(messages, True)))


if __name__ == "__main__":
    command, folder, file = sys.argv[1:]
    with open(file, encoding="utf-8") as opened:
        {"encode": encode, "decode": decode, "chat": chat}[command](
            openvino_genai.Tokenizer(folder), json.load(opened)
        )
