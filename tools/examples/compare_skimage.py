#!/usr/bin/env python3
# Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs scikit-image's non-local means on what `denoise --arrays DIR --report FILE` worked on, and compares.

    compare_skimage.py DIR FILE [--json]

--json prints FILE's object with one more member, "scikit_image". Exit code 1 if the exact mode disagrees.
"""
import argparse
import json
import sys
import time

import numpy as np
import skimage
from skimage.restoration import denoise_nl_means

# scikit-image's exact mode drops every weight under exp(-5), and its exponential is an approximation, off by -4 to +2
# percent. With a window full of dropped ones a pixel moves by a few percent; the mean over a picture stays far below this.
MEAN_LIMIT = 0.01


def psnr(clean, other):
    return float(-10 * np.log10(np.mean((clean.astype(np.float64) - other) ** 2)))


def compare(folder, report, modes=("exact", "fast")):
    clean, noisy, ours = (np.load(f"{folder}/{name}.npy") for name in ("clean", "noisy", "denoised"))
    colour = noisy.shape[2] == 3
    image = noisy if colour else noisy[..., 0]
    result = {"version": skimage.__version__}
    for mode in modes:
        print(f"denoise: scikit-image, {mode} mode", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        theirs = denoise_nl_means(image, patch_size=report["patch"], patch_distance=report["window"] // 2,
                                  h=report["h"], fast_mode=mode == "fast", channel_axis=-1 if colour else None)
        seconds = time.perf_counter() - begin
        theirs = theirs.reshape(clean.shape)
        result[mode] = {"seconds": seconds, "psnr": psnr(clean, theirs),
                        "mean_difference": float(np.abs(theirs - ours).mean()),
                        "ratio_one_thread": seconds / report["run_seconds_one_thread"],
                        "ratio": seconds / report["run_seconds"]}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("report")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with open(options.report) as file:
        report = json.load(file)
    result = compare(options.folder, report)
    if options.json:
        print(json.dumps(report | {"scikit_image": result}, indent=2))
    else:
        for mode, row in ((mode, result[mode]) for mode in ("exact", "fast")):
            print(f"scikit-image {result['version']} {mode}: {row['seconds']:.3f} s on one core, PSNR {row['psnr']:.2f} dB, "
                  f"mean difference {row['mean_difference']:.4f}; "
                  f"Muntin is {row['ratio_one_thread']:.1f} times as fast on one thread, {row['ratio']:.1f} on all")
    if result["exact"]["mean_difference"] > MEAN_LIMIT:
        sys.exit(f"compare_skimage: mean difference {result['exact']['mean_difference']:.4f}, limit {MEAN_LIMIT}")


if __name__ == "__main__":
    main()
