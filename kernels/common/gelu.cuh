// Exact GELU, x times the distribution function of the standard normal, and its gradient.
#pragma once

#include "common/types.cuh"

constexpr float SQRT_HALF = 0.70710678f;
constexpr float INV_SQRT_TWO_PI = 0.39894228f;

// Distribution function of the standard normal; keeps its relative accuracy where it is tiny.
__device__ __forceinline__ float normal_cdf(float x) { return 0.5f * erfcf(-x * SQRT_HALF); }

__device__ __forceinline__ float gelu(float x) { return x * normal_cdf(x); }

// What rounding the square loses is put back: the exponential would magnify it where x is large.
__device__ __forceinline__ float gelu_gradient(float x, float g) {
    float half = -0.5f * x;
    float square = half * x;
    float e = expf(square);
    e = fmaf(e, fmaf(half, x, -square), e);
    return g * (normal_cdf(x) + x * (INV_SQRT_TWO_PI * e));
}
