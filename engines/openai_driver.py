"""Talks to phiquant's server through OpenAI's client, for the tests of phiquant.

python openai_driver.py tour URL MODEL            one call of each kind: a JSON object of the outcomes
python openai_driver.py load URL MODEL CLIENTS SECONDS
                                                  clients that ask, hang up and send nonsense at
                                                  once: a JSON object of counts
"""

import http.client
import json
import random
import sys
import threading
import time
from urllib.parse import urlsplit

import openai

FRANCE = [{"role": "user", "content": "What is the capital of France?"}]


def client(url):
    return openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0, timeout=300)


def error(call):
    """What an exception of the client says; None if there is none."""
    try:
        call()
        return None
    except openai.APIStatusError as e:
        body = e.body if isinstance(e.body, dict) else {}
        return {
            "kind": type(e).__name__,
            "status": e.status_code,
            "message": body.get("message"),
            "param": body.get("param"),
            "code": body.get("code"),
        }


def tour(url, model):
    api = client(url)
    chat = api.chat.completions.create
    complete = api.completions.create
    seen = {"models": [m.id for m in api.models.list()], "model": api.models.retrieve(model).id}

    whole = chat(model=model, messages=FRANCE, temperature=0, max_tokens=24)
    seen["chat"] = {
        "text": whole.choices[0].message.content,
        "role": whole.choices[0].message.role,
        "finish": whole.choices[0].finish_reason,
        "usage": whole.usage.model_dump(),
    }
    chunks = list(
        chat(
            model=model,
            messages=FRANCE,
            temperature=0,
            max_completion_tokens=24,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    seen["chat_stream"] = {
        "pieces": [c.choices[0].delta.content for c in chunks if c.choices],
        "roles": [c.choices[0].delta.role for c in chunks if c.choices],
        "finishes": [c.choices[0].finish_reason for c in chunks if c.choices],
        "ids": len({c.id for c in chunks}),
        "usage": chunks[-1].usage.model_dump(),
    }
    stopped = chat(model=model, messages=FRANCE, temperature=0, stop=["Paris", "zzz"])
    seen["stopped"] = [stopped.choices[0].message.content, stopped.choices[0].finish_reason]
    drawn = [
        chat(model=model, messages=FRANCE, temperature=1.5, seed=5, max_tokens=6)
        for _ in range(2)
    ]
    seen["same_seed"] = len({d.choices[0].message.content for d in drawn}) == 1
    without = [
        complete(model=model, prompt="Once", temperature=2, max_tokens=4).choices[0].text
        for _ in range(3)
    ]
    seen["other_seeds"] = len(set(without)) > 1
    parts = [{"role": "user", "content": [{"type": "text", "text": FRANCE[0]["content"]}]}]
    seen["parts"] = chat(model=model, messages=parts, temperature=0).choices[0].message.content

    count = complete(model=model, prompt="1, 2, 3, 4, 5,", temperature=0, max_tokens=15)
    seen["completion"] = [count.choices[0].text, count.choices[0].finish_reason]
    seen["completion_stream"] = "".join(
        c.choices[0].text
        for c in complete(
            model=model, prompt="1, 2, 3, 4, 5,", temperature=0, max_tokens=15, stream=True
        )
    )
    seen["default_tokens"] = complete(model=model, prompt="1, 2,").usage.completion_tokens

    long = [{"role": "user", "content": "word " * 5000}]
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    seen["errors"] = {
        "no_messages": error(lambda: chat(model=model, messages=[])),
        "long": error(lambda: chat(model=model, messages=long)),
        "image": error(lambda: chat(model=model, messages=image)),
        "role": error(lambda: chat(model=model, messages=[{"role": "tool", "content": "x"}])),
        "tools": error(lambda: chat(model=model, messages=FRANCE, tools=[tool])),
        "choice": error(lambda: chat(model=model, messages=FRANCE, tool_choice="required")),
        "format": error(
            lambda: chat(model=model, messages=FRANCE, response_format={"type": "json_object"})
        ),
        "logprobs": error(lambda: complete(model=model, prompt="x", logprobs=0)),
        "hot": error(lambda: chat(model=model, messages=FRANCE, temperature=-1)),
        "many": error(lambda: chat(model=model, messages=FRANCE, max_tokens=10**9)),
        "two": error(lambda: chat(model=model, messages=FRANCE, n=2)),
        "model": error(lambda: chat(model="gpt-5", messages=FRANCE)),
        "retrieve": error(lambda: api.models.retrieve("gpt-5")),
        "embeddings": error(lambda: api.embeddings.create(model=model, input="x")),
        "tokens": error(lambda: complete(model=model, prompt=[10**8])),
        "empty": error(lambda: complete(model=model, prompt="")),
        "body": error(lambda: chat(model=model, messages=[{"role": "user", "content": "x" * 2**21}])),
    }
    return seen


def post(url, body, headers=()):
    """A request as no client would send it; the status, or None if the server hung up."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        all_headers = {"Content-Type": "application/json", **dict(headers)}
        connection.request("POST", "/v1/chat/completions", body, all_headers)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


NONSENSE = [
    b"",
    b"{",
    b"[1, 2]",
    b'{"messages": 1}',
    b'{"messages": [{"role": "user"}]}',
    b'{"messages": [{"role": "user", "content": "x"}], "stream": "yes"}',
    b'{"messages": [{"role": "user", "content": "x"}], "max_tokens": 1.5}',
    b'{"a": ' + b"[" * 5000,
    b"\xff\xfe\x00",
    b'{"messages": "' + b"x" * (3 << 20) + b'"}',
]


def load(url, model, clients, seconds):
    prompts = [f"Count from {i} upwards." for i in range(4)]
    api = client(url)

    def ask(prompt, stream, tokens=8):
        return api.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            max_tokens=tokens,
            stream=stream,
        )

    expected = {p: ask(p, False).choices[0].message.content for p in prompts}
    counts = {"whole": 0, "streamed": 0, "hung_up": 0, "refused": 0, "busy": 0, "wrong": []}
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def note(kind, wrong=None):
        with lock:
            if wrong is None:
                counts[kind] += 1
            else:
                counts["wrong"].append(wrong)

    def work(seed):
        dice = random.Random(seed)
        while time.monotonic() < end:
            prompt = dice.choice(prompts)
            kind = dice.choice(["whole", "streamed", "streamed", "hung_up", "refused"])
            try:
                if kind == "whole":
                    text = ask(prompt, False).choices[0].message.content
                    note(kind, None if text == expected[prompt] else [prompt, text])
                elif kind == "streamed":
                    pieces = [c.choices[0].delta.content or "" for c in ask(prompt, True)]
                    text = "".join(pieces)
                    note(kind, None if text == expected[prompt] else [prompt, text])
                elif kind == "hung_up":
                    stream = ask(prompt, True, 500)
                    for _ in zip(range(dice.randrange(4)), stream):
                        pass
                    stream.response.close()
                    note(kind)
                else:
                    body = dice.choice(NONSENSE)
                    status = post(url, body)
                    note(kind, None if status in (400, 413) else [status, str(body[:40])])
            except openai.RateLimitError:
                note("busy")
            except Exception as e:
                note(kind, [kind, repr(e)])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


if sys.argv[1] == "tour":
    outcome = tour(sys.argv[2], sys.argv[3])
else:
    outcome = load(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
json.dump(outcome, sys.stdout)
