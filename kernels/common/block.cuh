// Sums and maxima over the threads of a block. All threads must call; `scratch` is shared memory for one value per warp,
// free for other use when the function has returned.
#pragma once

#include "common/warp.cuh"

// Every thread gets the block's sum.
template <class T>
__device__ __forceinline__ T block_sum(T value, T *scratch) {
    value = warp_sum(value);
    if (lane_of_warp() == 0) {
        scratch[warp_of_block()] = value;
    }
    __syncthreads();
    int lane = lane_of_warp();
    T sum = warp_sum(lane < warps_of_block() ? scratch[lane] : T{});
    __syncthreads();
    return sum;
}

// Every thread gets the block's maximum.
__device__ __forceinline__ float block_max(float value, float *scratch) {
    value = warp_max(value);
    if (lane_of_warp() == 0) {
        scratch[warp_of_block()] = value;
    }
    __syncthreads();
    int lane = lane_of_warp();
    float most = warp_max(lane < warps_of_block() ? scratch[lane] : -S2D_INFINITY);
    __syncthreads();
    return most;
}
