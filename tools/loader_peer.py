#!/usr/bin/env python3
"""The loader's work in Python: what ours is measured against (`./s2d bench loader`).

    tools/loader_peer.py PLAN.json pillow|opencv [--workers 2]

PLAN.json says for every clip which files are its frames and what chance decided: {"size": 224, "clips": [{"frames": [...], "operations":
[["Rotate", 12.5], ...], "crop": [top, left, height, width], "flip": true, "erase": [top, left, height, width] or null}]}. Each clip is decoded,
resized, changed by RandAugment's operations, cropped, flipped, normalised and erased into a float array [3, frames, size, size]. `pillow` decodes and
changes pictures with Pillow, as the authors' code does; `opencv` with OpenCV. Both crop and scale with OpenCV, after the crop, so that no
pixel is made a float that is not needed. Workers are processes with one thread each; a clip stays in the worker, as if in shared memory.

Reads commands, a line each: `run` loads all clips and answers with the processor seconds it took; `moments` answers with mean and mean square of each clip
outside its erased box, as JSON.
"""

import argparse
import json
import multiprocessing
import pathlib
import sys
import time

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
FILL = 128


class Pillow:
    """Pictures are PIL images."""

    ENHANCERS = {
        "Color": ImageEnhance.Color,
        "Contrast": ImageEnhance.Contrast,
        "Brightness": ImageEnhance.Brightness,
        "Sharpness": ImageEnhance.Sharpness,
    }

    @staticmethod
    def read(path, size):
        with Image.open(path) as image:
            image = image.convert("RGB")
        return image if image.size == (size, size) else image.resize((size, size), Image.BILINEAR)

    @staticmethod
    def pixels(image):
        return np.asarray(image)

    def operate(self, image, name, value):
        name = name.replace("Increasing", "")
        if name in self.ENHANCERS:
            return self.ENHANCERS[name](image).enhance(value)
        if name == "AutoContrast":
            return ImageOps.autocontrast(image)
        if name == "Equalize":
            return ImageOps.equalize(image)
        if name == "Invert":
            return ImageOps.invert(image)
        if name == "Posterize":
            return image if value >= 8 else ImageOps.posterize(image, int(value))
        if name == "Solarize":
            return ImageOps.solarize(image, value)
        if name == "SolarizeAdd":
            return image.point([min(255, i + int(value)) if i < 128 else i for i in range(256)] * 3)
        if name == "Rotate":
            return image.rotate(value, resample=Image.BICUBIC, fillcolor=(FILL,) * 3)
        return image.transform(image.size, Image.AFFINE, affine(name, value, *image.size), resample=Image.BICUBIC, fillcolor=(FILL,) * 3)


class OpenCv:
    """Pictures are BGR arrays until they are done."""

    @staticmethod
    def read(path, size):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        return image if image.shape[:2] == (size, size) else cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)

    @staticmethod
    def pixels(image):
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def operate(self, image, name, value):
        name = name.replace("Increasing", "")
        height, width = image.shape[:2]
        levels = np.arange(256)
        if name == "Color":
            grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            return cv2.addWeighted(image, value, grey, 1 - value, 0)
        if name == "Contrast":
            mean = int(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).mean() + 0.5)
            return cv2.addWeighted(image, value, image, 0, mean * (1 - value))
        if name == "Brightness":
            return cv2.convertScaleAbs(image, alpha=value)
        if name == "Sharpness":
            kernel = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], np.float32) / 13
            return cv2.addWeighted(image, value, cv2.filter2D(image, -1, kernel), 1 - value, 0)
        if name == "AutoContrast":
            lows, highs = image.min(axis=(0, 1)), image.max(axis=(0, 1))
            table = [np.clip((levels - int(l)) * (255 / (int(h) - int(l))) if h > l else levels, 0, 255) for l, h in zip(lows, highs)]
            return cv2.LUT(image, np.stack(table, -1).astype(np.uint8)[None])
        if name == "Equalize":
            return cv2.merge([cv2.equalizeHist(channel) for channel in cv2.split(image)])
        if name == "Invert":
            return cv2.bitwise_not(image)
        if name == "Posterize":
            return image if value >= 8 else cv2.bitwise_and(image, np.full(image.shape, 256 - (1 << (8 - int(value))), np.uint8))
        if name == "Solarize":
            return cv2.LUT(image, np.where(levels < value, levels, 255 - levels).astype(np.uint8))
        if name == "SolarizeAdd":
            return cv2.LUT(image, np.where(levels < 128, np.minimum(255, levels + int(value)), levels).astype(np.uint8))
        if name == "Rotate":
            matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), value, 1)
            flags = cv2.INTER_CUBIC
        else:
            matrix = np.array(affine(name, value, width, height), np.float64).reshape(2, 3)
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(FILL,) * 3)


def affine(name, value, width, height):
    """From output to input positions."""
    return {
        "ShearX": (1, value, 0, 0, 1, 0),
        "ShearY": (1, 0, 0, value, 1, 0),
        "TranslateX": (1, 0, value, 0, 1, 0),
        "TranslateY": (1, 0, 0, 0, 1, value),
        "TranslateXRel": (1, 0, value * width, 0, 1, 0),
        "TranslateYRel": (1, 0, 0, 0, 1, value * height),
    }[name]


def load(clip):
    """A clip as the model takes it."""
    size = WORK.size
    out = np.empty((3, len(clip["frames"]), size, size), np.float32)
    top, left, height, width = clip["crop"]
    for t, path in enumerate(clip["frames"]):
        image = WORK.library.read(path, size)
        for name, value in clip["operations"]:
            image = WORK.library.operate(image, name, value)
        part = WORK.library.pixels(image)[top : top + height, left : left + width].astype(np.float32)
        part = cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR)
        if clip["flip"]:
            part = cv2.flip(part, 1)
        part -= MEAN * 255
        part *= 1 / (DEVIATION * 255)
        cv2.split(part, [out[c, t] for c in range(3)])
    if clip["erase"]:
        top, left, height, width = clip["erase"]
        noise = WORK.random.standard_normal((3, out.shape[1], height, width), np.float32)
        out[:, :, top : top + height, left : left + width] = noise
    return out


def moments(clip):
    """Mean and mean square outside the erased box."""
    values = load(clip).astype(np.float64)
    keep = np.ones(values.shape[2:], bool)
    if clip["erase"]:
        top, left, height, width = clip["erase"]
        keep[top : top + height, left : left + width] = False
    kept = values[:, :, keep]
    return [kept.mean(), (kept**2).mean()]


def processor_seconds(clip):
    start = time.process_time()
    load(clip)
    return time.process_time() - start


class Work:
    """What each worker process has."""

    def __init__(self, library, size):
        self.library = {"pillow": Pillow, "opencv": OpenCv}[library]()
        self.size = size
        self.random = np.random.default_rng(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan", type=pathlib.Path)
    parser.add_argument("library", choices=["pillow", "opencv"])
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    plan = json.loads(arguments.plan.read_text())
    global WORK
    WORK = Work(arguments.library, plan["size"])
    cv2.setNumThreads(1)
    with multiprocessing.Pool(arguments.workers) as pool:
        for line in sys.stdin:
            if line.strip() == "run":
                print(sum(pool.imap_unordered(processor_seconds, plan["clips"])), flush=True)
            else:
                print(json.dumps(pool.map(moments, plan["clips"])), flush=True)


if __name__ == "__main__":
    main()
