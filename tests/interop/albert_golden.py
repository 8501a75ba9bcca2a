#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the numbers of tests/torch/albert_test.cpp, from Hugging Face's own AlbertForPreTraining.

Parameter k of all, in the order of named_parameters(), is 0.5 sin(k), plus one in the weights of a LayerNorm.
"""
try:
    import torch
    from transformers import AlbertConfig, AlbertForPreTraining
except ImportError as missing:
    print(f"skipped: {missing}")
    raise SystemExit(0)

model = AlbertForPreTraining(AlbertConfig(
    vocab_size=20, embedding_size=8, hidden_size=12, num_hidden_layers=3, num_attention_heads=2,
    intermediate_size=16, max_position_embeddings=10)).double().eval()  # eval: no dropout before the classifier
k = 0
with torch.no_grad():
    for name, tensor in model.named_parameters():
        print(name, list(tensor.shape))
        values = 0.5 * torch.sin(torch.arange(k, k + tensor.numel(), dtype=torch.float64))
        k += tensor.numel()
        values += 1.0 if "orm.weight" in name else 0.0
        tensor.copy_(values.float().view(tensor.shape))

ids = torch.tensor([[2, 7, 4, 9, 3, 4, 3], [2, 4, 19, 3, 6, 4, 3]])
segments = torch.tensor([[0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 1, 1, 1]])
labels = torch.full_like(ids, -100)
labels[0, 2], labels[0, 5], labels[1, 1], labels[1, 5] = 8, 11, 5, 17
out = model(input_ids=ids, token_type_ids=segments, labels=labels, sentence_order_label=torch.tensor([0, 1]))
out.loss.backward()
squares = sum((p.grad ** 2).sum() for p in model.parameters())
print(f"loss {out.loss:.12f}")
print(f"norm of the gradient {squares.sqrt():.12f}")
print("logits of the first hole", [f"{x:.9f}" for x in out.prediction_logits[0, 2, :5].tolist()])
print("order", [[f"{x:.9f}" for x in row] for row in out.sop_logits.tolist()])
