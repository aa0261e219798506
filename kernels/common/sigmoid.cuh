// Sigmoid and softplus, log(1 + exp(x)), with their gradients.
#pragma once

#include "common/types.cuh"

// From exp(-|x|), so that nothing overflows.

__device__ __forceinline__ float sigmoid(float x) {
    float e = expf(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

__device__ __forceinline__ float sigmoid_gradient(float x, float g) { return g * sigmoid(x) * sigmoid(-x); }

__device__ __forceinline__ float softplus(float x) { return (x < 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x))); }

__device__ __forceinline__ float softplus_gradient(float x, float g) { return g * sigmoid(x); }
