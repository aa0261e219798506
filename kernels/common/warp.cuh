// Sums and maxima over the lanes of a warp, in a fixed order: equal inputs give equal bits.
#pragma once

#include "common/types.cuh"

constexpr int WARP = 32;
constexpr u32 ALL_LANES = 0xffffffffu;

__device__ __forceinline__ int thread_in_block() {
    return static_cast<int>((threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x);
}

__device__ __forceinline__ int lane_of_warp() { return thread_in_block() % WARP; }

__device__ __forceinline__ int warp_of_block() { return thread_in_block() / WARP; }

__device__ __forceinline__ int warps_of_block() {
    return static_cast<int>((blockDim.x * blockDim.y * blockDim.z + WARP - 1) / WARP);
}

// Every lane of each group of WIDTH neighbouring lanes gets the group's sum. All lanes of the warp must call.
template <int WIDTH = WARP, class T>
__device__ __forceinline__ T warp_sum(T value) {
#pragma unroll
    for (int step = WIDTH / 2; step > 0; step /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, step);
    }
    return value;
}

// As warp_sum. NaN is ignored, as fmaxf does.
template <int WIDTH = WARP>
__device__ __forceinline__ float warp_max(float value) {
#pragma unroll
    for (int step = WIDTH / 2; step > 0; step /= 2) {
        value = fmaxf(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

// What lane `from` brings. All lanes of the warp must call.
__device__ __forceinline__ float4 shuffle_from(float4 value, int from) {
#ifdef S2D_EMULATOR
    return __shfl_sync(ALL_LANES, value, from);  // at once: shuffles are what the emulator spends its time on
#else
    return make_float4(__shfl_sync(ALL_LANES, value.x, from), __shfl_sync(ALL_LANES, value.y, from),
                       __shfl_sync(ALL_LANES, value.z, from), __shfl_sync(ALL_LANES, value.w, from));
#endif
}
