"""Talks to phiquant's server through OpenAI's client, for the tests of phiquant.

python openai_driver.py tour URL MODEL            one call of each kind: a JSON object of the outcomes
python openai_driver.py forms URL MODEL           tools, schemas, chances of tokens and several answers: a
                                                  JSON object of the outcomes
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

    seen["other_name"] = chat(
        model="gpt-5", messages=FRANCE, temperature=0, max_tokens=-1, seed=1
    ).choices[0].message.content
    long = [{"role": "user", "content": "word " * 5000}]
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    seen["errors"] = {
        "no_messages": error(lambda: chat(model=model, messages=[])),
        "long": error(lambda: chat(model=model, messages=long)),
        "image": error(lambda: chat(model=model, messages=image)),
        "role": error(lambda: chat(model=model, messages=[{"role": "critic", "content": "x"}])),
        "tools": error(lambda: chat(model=model, messages=FRANCE, tools=[tool])),
        "choice": error(lambda: chat(model=model, messages=FRANCE, tool_choice="required")),
        "format": error(
            lambda: chat(model=model, messages=FRANCE, response_format={"type": "xml"})
        ),
        "logprobs": error(lambda: complete(model=model, prompt="x", logprobs=21)),
        "hot": error(lambda: chat(model=model, messages=FRANCE, temperature=-1)),
        "many": error(lambda: chat(model=model, messages=FRANCE, max_tokens=10**9)),
        "two": error(lambda: chat(model=model, messages=FRANCE, n=17)),
        "retrieve": error(lambda: api.models.retrieve("gpt-5")),
        "embeddings": error(lambda: api.embeddings.create(model=model, input="x")),
        "tokens": error(lambda: complete(model=model, prompt=[10**8])),
        "empty": error(lambda: complete(model=model, prompt="")),
        "body": error(lambda: chat(model=model, messages=[{"role": "user", "content": "x" * 2**21}])),
    }
    return seen


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"enum": ["Paris", "Zürich"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
            },
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "adult": {"type": "boolean"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
    },
    "required": ["name", "adult", "tags"],
    "additionalProperties": False,
}


def calls_of(message):
    return [
        {"id": c.id, "type": c.type, "name": c.function.name, "arguments": c.function.arguments}
        for c in message.tool_calls or []
    ]


def forms(url, model):
    api = client(url)
    chat = api.chat.completions.create
    ask = dict(model=model, messages=FRANCE, temperature=1, seed=3)
    seen = {}

    one = dict(tools=[WEATHER, CLOCK], tool_choice="required", parallel_tool_calls=False)
    called = chat(**ask, **one)
    seen["called"] = {
        "calls": calls_of(called.choices[0].message),
        "finish": called.choices[0].finish_reason,
        "content": called.choices[0].message.content,
    }
    streamed = {"calls": [], "finish": None, "pieces": 0}
    for chunk in chat(**ask, **one, stream=True):
        for call in chunk.choices[0].delta.tool_calls or []:
            if call.id:
                streamed["calls"].append({"id": call.id, "type": call.type, "name": call.function.name, "arguments": ""})
            streamed["calls"][call.index]["arguments"] += call.function.arguments
            streamed["pieces"] += 1
        streamed["finish"] = chunk.choices[0].finish_reason or streamed["finish"]
    seen["streamed"] = streamed
    named = {"type": "function", "function": {"name": "get_weather"}}
    seen["named"] = [
        calls_of(chat(**{**ask, "seed": seed}, tools=[WEATHER, CLOCK], tool_choice=named).choices[0].message)
        for seed in range(4)
    ]
    # What comes back of a tool, with and without a content beside the calls.
    history = FRANCE + [
        {"role": "assistant", "content": None, "tool_calls": called.choices[0].message.model_dump()["tool_calls"]},
        {"role": "tool", "tool_call_id": called.choices[0].message.tool_calls[0].id, "content": "sunny"},
    ]
    plain = chat(model=model, messages=history, temperature=0, tools=[WEATHER], tool_choice="none", max_tokens=4)
    seen["after_tool"] = [plain.choices[0].message.tool_calls, plain.usage.prompt_tokens]
    del history[1]["content"]
    seen["without_content"] = chat(
        model=model, messages=history, temperature=0, tools=[WEATHER], tool_choice="none", max_tokens=4
    ).usage.prompt_tokens

    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
    seen["person"] = PERSON
    seen["schema"] = [
        chat(**{**ask, "seed": seed}, response_format=schema).choices[0].message.content
        for seed in range(6)
    ]
    seen["schema_stream"] = "".join(
        c.choices[0].delta.content or "" for c in chat(**ask, response_format=schema, stream=True)
    )
    free = chat(**ask, response_format={"type": "json_object"}, max_tokens=60)
    seen["object"] = [free.choices[0].message.content, free.choices[0].finish_reason]

    chances = chat(
        model=model, messages=FRANCE, temperature=0, max_tokens=5, logprobs=True, top_logprobs=3
    ).choices[0]
    seen["chances"] = chances.logprobs.model_dump()["content"]
    seen["chances_text"] = chances.message.content
    seen["chances_stream"] = [
        t
        for c in chat(
            model=model, messages=FRANCE, temperature=0, max_tokens=5, logprobs=True, top_logprobs=3, stream=True
        )
        if c.choices[0].logprobs
        for t in c.model_dump()["choices"][0]["logprobs"]["content"]
    ]
    old = api.completions.create(model=model, prompt="x", temperature=0, max_tokens=3, logprobs=2).choices[0]
    seen["old_chances"] = [old.text, old.logprobs.model_dump()]

    several = chat(**ask, n=3, max_tokens=6)
    seen["several"] = [[c.index, c.message.content] for c in several.choices]
    seen["several_usage"] = several.usage.completion_tokens
    parts = {}
    for c in chat(**ask, n=3, max_tokens=6, stream=True):
        choice = c.choices[0]
        parts[choice.index] = parts.get(choice.index, "") + (choice.delta.content or "")
    seen["several_stream"] = [parts[i] for i in sorted(parts)]

    unkept = {"type": "object", "properties": {"x": {"type": "array", "uniqueItems": True}}}
    strict = {"type": "function", "function": {"name": "f", "strict": True, "parameters": unkept}}
    loose = {"type": "function", "function": {"name": "f", "parameters": unkept}}
    wrong = {"type": "json_schema", "json_schema": {"name": "x", "schema": unkept}}
    seen["loose"] = calls_of(
        chat(**ask, tools=[loose], tool_choice="required", parallel_tool_calls=False, max_tokens=40).choices[0].message
    )
    seen["errors"] = {
        "strict": error(lambda: chat(**ask, tools=[strict])),
        "schema": error(lambda: chat(**ask, response_format=wrong)),
        "choice": error(lambda: chat(**ask, tool_choice="required")),
        "other": error(lambda: chat(**ask, tools=[CLOCK], tool_choice={"type": "function", "function": {"name": "g"}})),
        "twice": error(lambda: chat(**ask, tools=[CLOCK, CLOCK])),
        "top": error(lambda: chat(**ask, top_logprobs=2)),
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
            except openai.APIStatusError as e:
                note("busy", None if e.status_code == 503 else [kind, repr(e)])
            except Exception as e:
                note(kind, [kind, repr(e)])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


if sys.argv[1] == "forms":
    outcome = forms(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "tour":
    outcome = tour(sys.argv[2], sys.argv[3])
else:
    outcome = load(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
json.dump(outcome, sys.stdout)
