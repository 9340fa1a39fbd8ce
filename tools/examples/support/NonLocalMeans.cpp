//===- NonLocalMeans.cpp - the denoiser's mathematics ---------------------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NonLocalMeans.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

namespace demo {

namespace {

/// Reflects without repeating the border pixel: -1 is 1, and n is n - 2.
int64_t mirrored(int64_t x, int64_t n) {
  while (x < 0 || x >= n)
    x = n == 1 ? 0 : x < 0 ? -x : 2 * (n - 1) - x;
  return x;
}

/// The weight of each pixel of a patch; they sum to 1 / (channels h^2), so |fi - fj|^2 is a mean over the patch.
std::vector<double> patchWeights(const NonLocalMeans &method, int64_t channels) {
  const int64_t reach = method.patch / 2;
  const double width = (method.patch - 1) / 4.0;
  std::vector<double> weights;
  double sum = 0;
  for (int64_t y = -reach; y <= reach; ++y)
    for (int64_t x = -reach; x <= reach; ++x)
      sum += weights.emplace_back(width > 0 ? std::exp(-double(y * y + x * x) / (2 * width * width)) : 1);
  for (double &weight : weights)
    weight /= sum * channels * method.h * method.h;
  return weights;
}

} // namespace

void patchFeatures(const NonLocalMeans &method, const Picture &noisy, float *q, float *k) {
  const int64_t reach = method.patch / 2, dim = method.headDim(noisy.channels);
  std::vector<double> roots = patchWeights(method, noisy.channels);
  for (double &weight : roots)
    weight = std::sqrt(weight);

  // Weights depend on differences of pixels only, so any constant may be taken off first. Scores are the small
  // difference of two large numbers, 2 fi.fj and |fj|^2; around the mean both are several times smaller than
  // around black, and so is the rounding error of f32 that is left in their difference.
  double mean = 0;
  for (float pixel : noisy.pixels)
    mean += pixel;
  mean /= noisy.pixels.size();

  for (int64_t y = 0; y < noisy.height; ++y)
    for (int64_t x = 0; x < noisy.width; ++x) {
      double square = 0; // of the numbers as rounded: that is what the dot products see
      int64_t d = 0;
      for (int64_t n = 0; n < method.patch * method.patch; ++n)
        for (int64_t c = 0; c < noisy.channels; ++c, ++d) {
          const float pixel = noisy.at(mirrored(y + n / method.patch - reach, noisy.height),
                                       mirrored(x + n % method.patch - reach, noisy.width), c);
          k[d] = static_cast<float>((pixel - mean) * roots[n]);
          q[d] = 2 * k[d];
          square += double(k[d]) * k[d];
        }
      k[d] = static_cast<float>(-square);
      q[d] = 1;
      q += dim;
      k += dim;
    }
}

Picture referenceMeans(const NonLocalMeans &method, const Picture &noisy, int64_t top, int64_t left, int64_t height,
                       int64_t width) {
  const int64_t reach = method.patch / 2, radius = method.radius;
  const std::vector<double> weights = patchWeights(method, noisy.channels);
  const auto distance = [&](int64_t y, int64_t x, int64_t v, int64_t u) {
    double sum = 0;
    for (int64_t n = 0; n < method.patch * method.patch; ++n) {
      const int64_t dy = n / method.patch - reach, dx = n % method.patch - reach;
      for (int64_t c = 0; c < noisy.channels; ++c) {
        const double difference = double(noisy.at(mirrored(y + dy, noisy.height), mirrored(x + dx, noisy.width), c)) -
                                  noisy.at(mirrored(v + dy, noisy.height), mirrored(u + dx, noisy.width), c);
        sum += weights[n] * difference * difference;
      }
    }
    return sum;
  };
  Picture out(height, width, noisy.channels);
  for (int64_t y = top; y < top + height; ++y)
    for (int64_t x = left; x < left + width; ++x) {
      double total = 0, mean[3] = {};
      for (int64_t v = std::max<int64_t>(y - radius, 0); v <= std::min(y + radius, noisy.height - 1); ++v)
        for (int64_t u = std::max<int64_t>(x - radius, 0); u <= std::min(x + radius, noisy.width - 1); ++u) {
          const double weight = std::exp(-distance(y, x, v, u));
          total += weight;
          for (int64_t c = 0; c < noisy.channels; ++c)
            mean[c] += weight * noisy.at(v, u, c);
        }
      for (int64_t c = 0; c < noisy.channels; ++c)
        out.at(y - top, x - left, c) = static_cast<float>(mean[c] / total);
    }
  return out;
}

int64_t pairsKept(const NonLocalMeans &method, int64_t height, int64_t width) {
  const auto alongAxis = [&](int64_t extent) {
    int64_t pairs = 0;
    for (int64_t x = 0; x < extent; ++x)
      pairs += std::min(x + method.radius, extent - 1) - std::max<int64_t>(x - method.radius, 0) + 1;
    return pairs;
  };
  return alongAxis(height) * alongAxis(width);
}

Picture addNoise(const Picture &clean, double sigma, uint64_t seed) {
  // The engine is fixed by the standard; its normal distribution is not, so Box-Muller stands here.
  std::mt19937_64 engine(seed);
  const auto uniform = [&] { return (double(engine() >> 11) + 0.5) * 0x1p-53; };
  Picture noisy = clean;
  for (float &pixel : noisy.pixels) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    pixel += static_cast<float>(sigma * radius * std::cos(2 * std::numbers::pi * uniform()));
  }
  return noisy;
}

double psnr(const Picture &clean, const Picture &other) {
  double squares = 0;
  for (size_t n = 0; n < clean.pixels.size(); ++n) {
    const double difference = double(clean.pixels[n]) - other.pixels[n];
    squares += difference * difference;
  }
  return squares > 0 ? 10 * std::log10(clean.pixels.size() / squares) : std::numeric_limits<double>::infinity();
}

} // namespace demo
