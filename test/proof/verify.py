"""Verifies an export of the ledger, written from the RFCs alone: it shares no line with the line's own code.

usage: verify.py EXPORT CHECKPOINTS KEYS PROOFS

EXPORT       NDJSON; each line has a leafIndex and a leaf
CHECKPOINTS  signed notes (C2SP tlog-checkpoint), one after the other
KEYS         verifier keys (name+id+key), one a line
PROOFS       {"inclusion": [{index, size, proof}], "consistency": [{first, second, proof}]}, hashes in base64

Prints what it found as JSON; exits with 1 where anything does not hold.
"""

import base64
import hashlib
import json
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


# RFC 8032, 5.1: Ed25519, verification only.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - x2) % P != 0:
        return None
    return P - x if (x & 1) != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(data):
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = decompress(public), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    one, two = multiply(s, BASE), add(r, multiply(h, a))
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 and (one[1] * two[2] - two[1] * one[2]) % P == 0


# RFC 6962, 2.1, word for word.
class Tree:
    def __init__(self, leaves):
        self.leaves = leaves
        self.known = {}

    def root(self, begin, end):
        if begin == end:
            return sha256(b"")
        if end - begin == 1:
            return self.leaves[begin]
        if (begin, end) not in self.known:
            k = split(end - begin)
            both = self.root(begin, begin + k) + self.root(begin + k, end)
            self.known[begin, end] = sha256(b"\x01" + both)
        return self.known[begin, end]

    def path(self, m, begin, end):
        if end - begin == 1:
            return []
        k = split(end - begin)
        if m < k:
            return self.path(m, begin, begin + k) + [self.root(begin + k, end)]
        return self.path(m - k, begin + k, end) + [self.root(begin, begin + k)]

    def proof(self, m, size):
        return self.subproof(m, 0, size, True)

    def subproof(self, m, begin, end, whole):
        n = end - begin
        if m == n:
            return [] if whole else [self.root(begin, end)]
        k = split(n)
        if m <= k:
            return self.subproof(m, begin, begin + k, whole) + [self.root(begin + k, end)]
        return self.subproof(m - k, begin + k, end, False) + [self.root(begin, begin + k)]


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


# RFC 8785; the leaf's keys are ASCII and its numbers whole.
def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_keys(path):
    keys = {}
    for line in open(path, encoding="utf-8").read().split():
        name, key_id, encoded = line.split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        assert data[0] == 1 and sha256(name.encode() + b"\n" + data)[:4].hex() == key_id, line
        keys[name, key_id] = (data[1:], False)
        # C2SP tlog-cosignature: the same key, with another algorithm, where it says when it signed.
        keys[name, sha256(name.encode() + b"\n\x04" + data[1:])[:4].hex()] = (data[1:], True)
    return keys


def read_checkpoints(path, keys):
    """Each note is a text, an empty line, and signatures."""
    parts = [part.strip("\n") for part in open(path, encoding="utf-8").read().split("\n\n")]
    for at, (text, signatures) in enumerate(zip(parts[0::2], parts[1::2])):
        body = (text + "\n").encode()
        origin, size, root = text.split("\n")[:3]
        signed, seconds = 0, None
        for line in signatures.split("\n"):
            dash, name, encoded = line.split(" ")
            data = base64.b64decode(encoded, validate=True)
            key, timed = keys.get((name, data[:4].hex()), (None, False))
            if key is None:
                continue
            assert dash == "—" and name == origin, "signature " + size
            if timed:
                seconds = int.from_bytes(data[4:12], "big")
                said = b"cosignature/v1\ntime %d\n" % seconds + body
                assert ed25519_verify(key, said, data[12:]), "time of " + size
                continue
            assert ed25519_verify(key, body, data[4:]), "signature " + size
            # Once is enough: here it takes long.
            assert at > 0 or not ed25519_verify(key, body + b" ", data[4:]), "it would believe anything"
            signed += 1
        assert signed > 0, "nobody known has signed " + size
        yield int(size), base64.b64decode(root, validate=True), seconds


def main(export, checkpoints, keys, proofs):
    leaves, words = [], 0
    for line in open(export, encoding="utf-8"):
        record = json.loads(line)
        if record["leafIndex"] is None:
            continue
        assert record["leafIndex"] == len(leaves), "leaf %d is missing" % len(leaves)
        assert record["recordId"] == record["leaf"]["id"]
        if record["notice"] is not None:
            digest = hashlib.sha256(record["notice"]["text"].encode()).hexdigest()
            assert digest == record["leaf"]["notice"]["wordsDigest"], record["recordId"]
            words += 1
        leaves.append(sha256(b"\x00" + canonical(record["leaf"])))
    tree = Tree(leaves)
    signed = list(read_checkpoints(checkpoints, read_keys(keys)))
    for size, root, _ in signed:
        assert tree.root(0, size) == root, "root of %d" % size
    given = json.load(open(proofs, encoding="utf-8"))
    decoded = lambda hashes: [base64.b64decode(each) for each in hashes]
    for each in given["inclusion"]:
        assert tree.path(each["index"], 0, each["size"]) == decoded(each["proof"]), each["index"]
    for each in given["consistency"]:
        assert tree.proof(each["first"], each["second"]) == decoded(each["proof"]), each["first"]
    return {
        "entries": len(leaves),
        "root": base64.b64encode(tree.root(0, len(leaves))).decode(),
        "checkpoints": len(signed),
        "times": [seconds for _, _, seconds in signed],
        "inclusion": len(given["inclusion"]),
        "consistency": len(given["consistency"]),
        "words": words,
    }


if __name__ == "__main__":
    try:
        print(json.dumps(main(*sys.argv[1:])))
    except AssertionError as error:
        print("does not hold: %s" % error, file=sys.stderr)
        sys.exit(1)
