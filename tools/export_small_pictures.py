#!/usr/bin/env python3
"""What Pillow makes of pictures of odd and tiny sizes, as checksums: src/test/resources/org/s2d/data/small_pictures.json (Pillow 9.4).

    tools/export_small_pictures.py > src/test/resources/org/s2d/data/small_pictures.json

One row for each picture and change: width, height, name of the operation or filter, argument or new size, CRC-32 of the samples.
"""

import json
import zlib

import numpy as np
from loader_peer import Pillow
from PIL import Image

SIZES = [(1, 1), (2, 1), (1, 4), (3, 2), (6, 3), (17, 5), (31, 33), (90, 67)]
ARGUMENTS = {
    "AutoContrast": [0],
    "Equalize": [0],
    "Invert": [0],
    "Rotate": [-29.5, -3.1, 0.4, 12.5, 21, 30, 90, 180],
    "PosterizeIncreasing": [0, 1, 2, 3, 4],
    "SolarizeIncreasing": [0, 77, 128, 200, 256],
    "SolarizeAdd": [0, 33, 77, 110],
    "ColorIncreasing": [0.1, 0.37, 1, 1.63, 1.9],
    "ContrastIncreasing": [0.1, 0.37, 1, 1.63, 1.9],
    "BrightnessIncreasing": [0.1, 0.37, 1, 1.63, 1.9],
    "SharpnessIncreasing": [0.1, 0.37, 1, 1.63, 1.9],
    "ShearX": [-0.3, -0.11, 0.21, 0.3],
    "ShearY": [-0.3, -0.11, 0.21, 0.3],
    "TranslateXRel": [-0.45, -0.1, 0.31, 0.45],
    "TranslateYRel": [-0.45, -0.1, 0.31, 0.45],
}
FILTERS = {"BILINEAR": Image.BILINEAR, "BICUBIC": Image.BICUBIC}


def picture(width, height):
    """A pattern that differs from pixel to pixel."""
    y, x, c = np.mgrid[:height, :width, :3]
    return Image.fromarray(((x * 37 + y * 91 + c * 53 + x * y * (7 + c)) & 255).astype(np.uint8))


def main():
    rows = []
    for width, height in SIZES:
        image = picture(width, height)
        for name, values in ARGUMENTS.items():
            for value in values:
                rows.append([width, height, name, value, zlib.crc32(Pillow().operate(image, name, value).tobytes())])
        for name, how in FILTERS.items():
            for size in [(1, 1), (2, 7), (5, 4), (19, 33), (64, 50)]:
                rows.append([width, height, name, size, zlib.crc32(image.resize(size, how).tobytes())])
    print("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]")


if __name__ == "__main__":
    main()
