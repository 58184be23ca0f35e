"""Runs ONNX files in onnxruntime and compares their probabilities with the ones given.

usage: onnx_probabilities.py MODEL.onnx CASE.safetensors    (arrays `input` and `probabilities`)
"""
import sys

import numpy
import onnx
import onnxruntime
from safetensors.numpy import load_file

model, case = sys.argv[1], load_file(sys.argv[2])
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
(found,) = session.run(["probabilities"], {"input": case["input"]})
worst = float(numpy.abs(found - case["probabilities"]).max())
print(f"{model}: {found.shape}, largest difference {worst:.2e}")
sys.exit(0 if worst < 1e-4 else 1)
