//===- NonLocalMeans.h - the denoiser's mathematics ------------*- C++ -*-===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Non-local means (Buades, Coll, Morel, CVPR 2005): a pixel becomes the mean of
// the pixels near it, weighted by how alike the patches around the two are,
//
//   out(i) = sum_j w(i,j) v(j) / sum_j w(i,j)      w(i,j) = exp(-|f(i) - f(j)|^2)
//
// where f(i) is the patch around i: its pixels, times the square root of a
// Gaussian weight, over h. Now -|fi - fj|^2 = 2 fi.fj - |fj|^2 - |fi|^2, and the
// last term is the same for every j, so dividing by the sum removes it:
//
//   out = softmax over the window of ([2 fi, 1] . [fj, -|fj|^2]), times v
//
// which is attention with q = [2f, 1], k = [f, -|f|^2], v = the pixel, scale 1.
//
//===----------------------------------------------------------------------===//

#ifndef MUNTIN_EXAMPLES_SUPPORT_NONLOCALMEANS_H
#define MUNTIN_EXAMPLES_SUPPORT_NONLOCALMEANS_H

#include "ImageIO.h"

namespace demo {

struct NonLocalMeans {
  int64_t patch = 7;   ///< side of a patch, odd
  int64_t radius = 10; ///< the window reaches this far from its pixel: 21x21
  double h = 0.08;     ///< how unlike patches may be; about the noise's standard deviation

  /// Features of a pixel: patch x patch x channels numbers and one more for -|f|^2 (or the 1 it meets).
  int64_t headDim(int64_t channels) const { return patch * patch * channels + 1; }
};

/// Fills q and k, [height, width, headDim] each. Pixels beyond the border are mirrored.
void patchFeatures(const NonLocalMeans &method, const Picture &noisy, float *q, float *k);

/// The definition above in plain double loops over patches, for the pixels of one box; knows no attention.
Picture referenceMeans(const NonLocalMeans &method, const Picture &noisy, int64_t top, int64_t left, int64_t height,
                       int64_t width);

/// (query, key) pairs in all windows, which are clipped at the borders.
int64_t pairsKept(const NonLocalMeans &method, int64_t height, int64_t width);

/// `clean` plus Gaussian noise; the same numbers on every machine. Not clipped, or it would not be Gaussian.
Picture addNoise(const Picture &clean, double sigma, uint64_t seed);

/// Peak signal-to-noise ratio in dB, for a peak of 1.
double psnr(const Picture &clean, const Picture &other);

} // namespace demo

#endif // MUNTIN_EXAMPLES_SUPPORT_NONLOCALMEANS_H
