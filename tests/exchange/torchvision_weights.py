"""Loads weights into torchvision's own AlexNet and compares its probabilities; or makes such a file.

usage: torchvision_weights.py load WEIGHTS.safetensors CASE.safetensors    (arrays `input` and `probabilities`)
       torchvision_weights.py make WEIGHTS.safetensors CLASSES
"""
import sys

import torch
from safetensors.torch import load_file, save_file
from torchvision.models import alexnet

torch.manual_seed(1)
if sys.argv[1] == "make":
    save_file(alexnet(num_classes=int(sys.argv[3])).state_dict(), sys.argv[2])
    sys.exit(0)
case = load_file(sys.argv[3])
model = alexnet(num_classes=case["probabilities"].shape[1])
model.load_state_dict(load_file(sys.argv[2]))
model.eval()
with torch.no_grad():
    found = torch.softmax(model(case["input"]), dim=1)
worst = float((found - case["probabilities"]).abs().max())
print(f"torchvision's AlexNet: largest difference {worst:.2e}")
sys.exit(0 if worst < 1e-4 else 1)
