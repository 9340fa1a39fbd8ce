//===- debug.cu - a debug build: calls, recursion, local memory ----------===//
//
// Part of Muntin, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Compiled with -G: nothing is inlined, every variable lives in local memory.

struct Item {
  double weight;
  long long count;
  short tag;
};

__device__ __noinline__ long long fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

__device__ __noinline__ Item combine(Item a, const Item &b) {
  a.weight = a.weight * 0.5 + sqrt(b.weight) / 3.0;
  a.count = (a.count * 1000003ll) % (b.count + 7) - a.count / (b.count + 3);
  a.tag = static_cast<short>(a.tag + b.tag);
  return a;
}

__device__ __noinline__ void sort(float *values, int n) {
  for (int i = 1; i < n; ++i)
    for (int j = i; j > 0 && values[j - 1] > values[j]; --j) {
      const float t = values[j];
      values[j] = values[j - 1];
      values[j - 1] = t;
    }
}

extern "C" __global__ void debugBuild(const float *in, int n, float *medians, Item *items, long long *numbers) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float window[9];
  for (int j = 0; j < 9; ++j) {
    const int at = i + j - 4;
    window[j] = in[at < 0 ? 0 : at >= n ? n - 1 : at];
  }
  sort(window, 9);
  medians[i] = window[4];
  const Item other = {2.0 + i, i * 11ll, static_cast<short>(i * 77)};
  items[i] = combine(items[i], other);
  numbers[i] = fibonacci(i % 12) + static_cast<long long>(exp(i * 0.125)) + __popcll(i * 0x123456789abcull) +
               __clz(i + 1) + static_cast<long long>(__brev(i) >> 20);
}

extern "C" __global__ void addDoubles(const double *in, int n, double *sum, unsigned long long *bits) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  atomicAdd(sum, in[i]);
  atomicXor(bits, __double_as_longlong(in[i]));
}
