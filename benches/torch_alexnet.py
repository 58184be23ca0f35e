#!/usr/bin/env python3
"""One training step of the same networks in PyTorch, for benches/against_torch.sh.

usage: torch_alexnet.py --model NAME [--towers 1|2] [--no-lrn] [--batch-size N] [--steps N] [--threads N] [--format FORMAT]

A step is forward, mean cross-entropy, backward and SGD (fused, PyTorch's fastest) with momentum 0.9 and weight decay 5e-4, from a ready
f32 batch, which gets no gradient; as many threads as PyTorch takes by itself. FORMAT is contiguous or channels_last.
Prints one line of JSON with the median over the steps after two to warm up. PyTorch divides LRN's alpha by its window.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
RELU = lambda: nn.ReLU(inplace=True)
POOL = lambda: nn.MaxPool2d(3, 2)
LRN = lambda: nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def convolutions(model: str, towers: int, lrn: bool) -> tuple[list[nn.Module], int]:
    """The layers before the dense ones, and the side of the input."""
    norm = lambda: [LRN()] if lrn else []
    if model == "tensorflow":  # SAME at stride 4 on 224: 3 pixels in front, 4 behind
        return [nn.ZeroPad2d((3, 4, 3, 4)), nn.Conv2d(3, 64, 11, 4), RELU(), *norm(), POOL(),
                nn.Conv2d(64, 192, 5, padding=2), RELU(), *norm(), POOL(),
                nn.Conv2d(192, 384, 3, padding=1), RELU(), nn.Conv2d(384, 256, 3, padding=1), RELU(),
                nn.Conv2d(256, 256, 3, padding=1), RELU(), POOL()], 224
    if model == "torchvision":
        return [nn.Conv2d(3, 64, 11, 4, 2), RELU(), POOL(), nn.Conv2d(64, 192, 5, padding=2), RELU(), POOL(),
                nn.Conv2d(192, 384, 3, padding=1), RELU(), nn.Conv2d(384, 256, 3, padding=1), RELU(),
                nn.Conv2d(256, 256, 3, padding=1), RELU(), POOL()], 224
    after = (lambda: [POOL(), *norm()]) if model == "alexnet" else (lambda: [*norm(), POOL()])
    extra = norm if model == "alexnet" else (lambda: [])
    return [nn.Conv2d(3, 96, 11, 4), RELU(), *after(),
            nn.Conv2d(96, 256, 5, padding=2, groups=towers), RELU(), *after(),
            nn.Conv2d(256, 384, 3, padding=1), RELU(), *extra(),
            nn.Conv2d(384, 384, 3, padding=1, groups=towers), RELU(), *extra(),
            nn.Conv2d(384, 256, 3, padding=1, groups=towers), RELU(), POOL()], 227


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["alexnet", "alexnet-paper", "tensorflow", "torchvision"], required=True)
    parser.add_argument("--towers", type=int, default=2)
    parser.add_argument("--no-lrn", action="store_true")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--format", choices=FORMATS, default="contiguous")
    given = parser.parse_args()

    torch.manual_seed(0)
    if given.threads:
        torch.set_num_threads(given.threads)
    front, side = convolutions(given.model, given.towers, not given.no_lrn)
    dense = [nn.Flatten(), nn.Linear(9216, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 10)]
    memory_format = FORMATS[given.format]
    network = nn.Sequential(*front, *dense).to(memory_format=memory_format)
    sgd = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True)
    images = torch.randn(given.batch_size, 3, side, side).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (given.batch_size,))
    times = []
    for _ in range(2 + given.steps):
        start = time.perf_counter()
        sgd.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(images), labels).backward()
        sgd.step()
        times.append((time.perf_counter() - start) * 1e3)
    median = statistics.median(times[2:])
    print(json.dumps({"framework": f"PyTorch {torch.__version__}", "model": given.model, "batch_size": given.batch_size,
                      "threads": torch.get_num_threads(), "median_step_ms": median,
                      "images_per_second": given.batch_size * 1e3 / median}))


if __name__ == "__main__":
    main()
