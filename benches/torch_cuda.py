#!/usr/bin/env python3
"""The training step of torch_alexnet.py on a GPU, for benches/cuda.sh.

usage: torch_cuda.py --model NAME [--batch-size N] [--steps N] [--precision f32|tf32|bf16]
                     [--channels-last] [--compile] [--from-bytes]

cuDNN chooses its algorithms by the clock, as it does for whoever asks PyTorch for speed. --from-bytes begins each step at bytes that lie
on the device: mirrored by chance, scaled bilinearly to the network's input, normalized. Prints one line of JSON with the median over the
steps after ten to warm up; each step is waited for, as ours is.
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from torch_alexnet import RELU, convolutions

WARM_UP = 10


def step_maker(given, device):
    """A function that does one whole step."""
    front, side = convolutions(given.model, 2, True)
    dense = [nn.Flatten(), nn.Linear(9216, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 10)]
    layout = torch.channels_last if given.channels_last else torch.contiguous_format
    network = nn.Sequential(*front, *dense).to(device, memory_format=layout)
    sgd = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4, fused=True)
    ready = torch.randn(given.batch_size, 3, side, side, device=device).contiguous(memory_format=layout)
    pictures = torch.randint(0, 256, (given.batch_size, 3, 32, 32), dtype=torch.uint8, device=device)
    labels = torch.randint(0, 10, (given.batch_size,), device=device)

    def images():
        if not given.from_bytes:
            return ready
        mirrored = torch.rand(given.batch_size, 1, 1, 1, device=device) < 0.5
        values = pictures.float().div_(127.5).sub_(1)
        values = torch.where(mirrored, values.flip(3), values)
        return F.interpolate(values, size=(side, side), mode="bilinear", align_corners=False).contiguous(memory_format=layout)

    def loss():
        with torch.autocast("cuda", torch.bfloat16, enabled=given.precision == "bf16"):
            return F.cross_entropy(network(images()), labels)

    if given.compile:
        loss = torch.compile(loss)

    def step():
        sgd.zero_grad(set_to_none=True)
        loss().backward()
        sgd.step()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["alexnet", "alexnet-paper", "tensorflow", "torchvision"], required=True)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="tf32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--from-bytes", action="store_true")
    given = parser.parse_args()

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = given.precision != "f32"
    torch.backends.cudnn.benchmark = True
    step = step_maker(given, torch.device("cuda"))
    times = []
    for _ in range(WARM_UP + given.steps):
        torch.cuda.synchronize()
        start = time.perf_counter()
        step()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    median = statistics.median(times[WARM_UP:])
    print(json.dumps({"framework": f"PyTorch {torch.__version__}", "device": torch.cuda.get_device_name(), **vars(given),
                      "median_step_ms": median, "images_per_second": given.batch_size * 1e3 / median}))


if __name__ == "__main__":
    main()
