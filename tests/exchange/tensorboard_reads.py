"""Reads a folder of event files with TensorBoard's own reader and prints what is in it as JSON.

usage: tensorboard_reads.py FOLDER
"""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
tags = events.Tags()
print(
    json.dumps(
        {
            "scalars": {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]},
            "histograms": {tag: [e.histogram_value.num for e in events.Histograms(tag)] for tag in tags["histograms"]},
            "images": {tag: [[e.width, e.height] for e in events.Images(tag)] for tag in tags["images"]},
        }
    )
)
