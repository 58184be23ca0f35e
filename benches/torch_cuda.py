#!/usr/bin/env python3
"""The training step of torch_alexnet.py on a GPU, for benches/cuda.sh.

usage: torch_cuda.py --model NAME [--batch-size N] [--steps N] [--precision f32|tf32|bf16]
                     [--channels-last] [--compile] [--profile]

cuDNN chooses its algorithms by the clock, as it does for whoever asks PyTorch for speed. A step is measured twice: from a ready input, in
the numbers of the precision as ours is, and from bytes that lie on the device: mirrored by chance, scaled bilinearly to the network's
input, normalized. That work stays outside of what --compile compiles, so that one compilation serves both. Prints a line of JSON for each
with the median over the steps after ten to warm up; each step is waited for, as ours is.

--profile prints instead the 30 kernels that take most of a step from a ready input.
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


class Inputs:
    """Batches for the network, ready or made of bytes."""

    def __init__(self, given, side, device):
        self.side = side
        self.form = {"dtype": torch.bfloat16 if given.precision == "bf16" else torch.float32,
                     "memory_format": torch.channels_last if given.channels_last else torch.contiguous_format}
        self.batch = torch.randn(given.batch_size, 3, side, side, device=device).to(**self.form)
        self.pictures = torch.randint(0, 256, (given.batch_size, 3, 32, 32), dtype=torch.uint8, device=device)

    def ready(self):
        return self.batch

    def from_bytes(self):
        mirrored = torch.rand(len(self.pictures), 1, 1, 1, device=self.pictures.device) < 0.5
        values = self.pictures.float().div_(127.5).sub_(1)
        values = torch.where(mirrored, values.flip(3), values)
        return F.interpolate(values, size=(self.side, self.side), mode="bilinear", align_corners=False).to(**self.form)


def step_maker(given, device):
    """A function that does one whole step on what another one makes, and the inputs."""
    front, side = convolutions(given.model, 2, True)
    dense = [nn.Flatten(), nn.Linear(9216, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 4096), RELU(), nn.Dropout(), nn.Linear(4096, 10)]
    layout = torch.channels_last if given.channels_last else torch.contiguous_format
    network = nn.Sequential(*front, *dense).to(device, memory_format=layout)
    sgd = torch.optim.SGD(network.parameters(), lr=1e-3, momentum=0.9, weight_decay=5e-4, fused=True)
    labels = torch.randint(0, 10, (given.batch_size,), device=device)

    def loss(images):
        with torch.autocast(device.type, torch.bfloat16, enabled=given.precision == "bf16"):
            return F.cross_entropy(network(images), labels)

    if given.compile:
        loss = torch.compile(loss)

    def step(images):
        sgd.zero_grad(set_to_none=True)
        loss(images()).backward()
        sgd.step()

    return step, Inputs(given, side, device)


def median_step_ms(step, images, steps):
    times = []
    for _ in range(WARM_UP + steps):
        torch.cuda.synchronize()
        start = time.perf_counter()
        step(images)
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[WARM_UP:])


def profile(step, images) -> str:
    for _ in range(WARM_UP):
        step(images)
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]) as seen:
        step(images)
        torch.cuda.synchronize()
    # Kernels alone: an operation, and what somebody named on the device, count the time of their kernels once more.
    spent, count = {}, {}
    for event in seen.events():
        if event.device_type == torch.autograd.DeviceType.CUDA and not getattr(event, "is_user_annotation", False):
            spent[event.name] = spent.get(event.name, 0) + event.time_range.elapsed_us()
            count[event.name] = count.get(event.name, 0) + 1
    longest = sorted(spent, key=spent.get, reverse=True)[:30]
    lines = [f"{sum(spent.values()) / 1e3:9.3f} ms in all kernels"]
    return "\n".join(lines + [f"{spent[name] / 1e3:9.3f} ms  {count[name]:3} x  {name[:160]}" for name in longest])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["alexnet", "alexnet-paper", "tensorflow", "torchvision"], required=True)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="tf32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()

    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = given.precision != "f32"
    torch.backends.cudnn.benchmark = True
    step, inputs = step_maker(given, torch.device("cuda"))
    if given.profile:
        print(profile(step, inputs.ready))
        return
    for from_bytes, images in [(False, inputs.ready), (True, inputs.from_bytes)]:
        median = median_step_ms(step, images, given.steps)
        print(json.dumps({"framework": f"PyTorch {torch.__version__}", "device": torch.cuda.get_device_name(), **vars(given),
                          "from_bytes": from_bytes, "median_step_ms": median, "images_per_second": given.batch_size * 1e3 / median}),
              flush=True)


if __name__ == "__main__":
    main()
