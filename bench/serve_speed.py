#!/usr/bin/env python3
"""Clients that ask a server at once for one answer each, in rounds: what they get together and how
long the first token takes. Prints one JSON line.

    serve_speed.py URL CLIENTS TOKENS ROUNDS [WARM_SECONDS]

Each client continues a row of numbers of its own, greedily, so that answers are as long as asked
for; everybody begins at the same moment. Servers of OpenAI's API only.
"""
import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit


def ask(address, first, tokens, outcome):
    body = json.dumps({
        "model": "any", "prompt": " ".join(f"{n}," for n in range(first, first + 12)),
        "max_tokens": tokens, "temperature": 0, "stream": True,
        "stream_options": {"include_usage": True}})
    connection = http.client.HTTPConnection(address, timeout=600)
    begin = time.monotonic()
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        sys.exit(f"{response.status}: {response.read()[:300]}")
    began = usage = None
    for line in response:
        if line.startswith(b"data: {"):
            if began is None and b'"text":""' not in line:
                began = time.monotonic() - begin
            if b'"usage":{' in line:
                usage = json.loads(line[6:])["usage"]
    connection.close()
    outcome.append((usage["completion_tokens"], began))


def rounds(address, clients, tokens, count):
    """Tokens per second of each round, and all times to a first token."""
    speeds, firsts = [], []
    for i in range(count):
        outcome = []
        threads = [threading.Thread(target=ask, args=(address, 100 * i + 10 * n + 1, tokens, outcome))
                   for n in range(clients)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        speeds.append(sum(n for n, _ in outcome) / (time.monotonic() - begin))
        firsts.append(max(first for _, first in outcome))
    return speeds, firsts


def main():
    url, clients, tokens, count = sys.argv[1], *map(int, sys.argv[2:5])
    warm = float(sys.argv[5]) if len(sys.argv) > 5 else 0
    address = urlsplit(url).netloc
    end = time.monotonic() + warm
    while time.monotonic() < end:
        rounds(address, clients, tokens, 1)
    speeds, firsts = rounds(address, clients, tokens, count)
    middle = lambda values: sorted(values)[len(values) // 2]
    print(json.dumps({
        "clients": clients, "tokens": tokens, "tok_s": round(middle(speeds), 1),
        "rounds": [round(s, 1) for s in speeds], "last_first_token_s": round(middle(firsts), 3)}))


main()
