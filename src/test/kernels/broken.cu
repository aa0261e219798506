// Kernels with one fault each, beside sound ones: what the emulator must report, and what it must not.
//
// All take out [n], in [n] and run in blocks of 64 threads with 256 bytes of shared memory, unless they say otherwise.

#include "common/async.cuh"
#include "common/block.cuh"
#include "common/mma.cuh"

namespace {

__device__ __forceinline__ int element() { return static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); }

}  // namespace

#define KERNEL(NAME) extern "C" __global__ void NAME(float *out, const float *in, int n)

// Sound: neighbours are exchanged through shared memory, and the block's sum is added.
KERNEL(sound) {
    S2D_SHARED(float, shared);
    int i = element();
    shared[threadIdx.x] = i < n ? in[i] : 0.0f;
    __syncthreads();
    float neighbour = shared[threadIdx.x ^ 1];
    __syncthreads();
    float sum = block_sum(neighbour, shared);
    if (i < n) {
        out[i] = neighbour + sum;
    }
}

KERNEL(writes_behind) {
    if (element() <= n) {
        out[element()] = 1.0f;
    }
}

KERNEL(writes_before) {
    if (element() < n) {
        out[element() - 1] = 1.0f;
    }
}

KERNEL(writes_constant) {
    if (element() < n) {
        out[element()] = 1.0f;
    }
    const_cast<float *>(in)[0] = 2.0f;
}

KERNEL(reads_behind) {
    if (element() < n) {
        out[element()] = in[element() + 1];
    }
}

KERNEL(leaves_tail) {
    if (element() < n / 4 * 4) {
        out[element()] = in[element()];
    }
}

KERNEL(misses_barrier) {
    S2D_SHARED(float, shared);
    shared[threadIdx.x] = in[threadIdx.x];
    out[threadIdx.x] = shared[63 - threadIdx.x];
}

KERNEL(misses_warp_barrier) {
    S2D_SHARED(float, shared);
    shared[threadIdx.x] = in[threadIdx.x];
    out[threadIdx.x] = shared[threadIdx.x ^ 1];
}

KERNEL(reads_unwritten_shared) {
    S2D_SHARED(float, shared);
    if (threadIdx.x != 5) {
        shared[threadIdx.x] = in[threadIdx.x];
    }
    __syncthreads();
    out[threadIdx.x] = fmaxf(shared[threadIdx.x], 0.0f);
}

KERNEL(overruns_shared) {
    S2D_SHARED(float, shared);
    shared[threadIdx.x + 1] = in[threadIdx.x];
    __syncthreads();
    out[threadIdx.x] = shared[threadIdx.x + 1];
}

KERNEL(blocks_race) { out[threadIdx.x] = static_cast<float>(blockIdx.x); }

KERNEL(sums_in_any_order) { atomicAdd(out, in[element()]); }

// Only half of the block reaches the barrier.
KERNEL(diverges_at_barrier) {
    if (threadIdx.x < 32) {
        __syncthreads();
    }
    out[threadIdx.x] = in[threadIdx.x];
}

// The halves reach two barriers.
KERNEL(mixes_barriers) {
    if (threadIdx.x < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
    out[threadIdx.x] = in[threadIdx.x];
}

KERNEL(shuffles_outside_mask) {
    float x = in[threadIdx.x];
    out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, x, 1);
}

KERNEL(shuffles_from_absent) {
    float x = in[threadIdx.x];
    if (threadIdx.x % 32 < 16) {
        x = __shfl_xor_sync(0x0000ffffu, x, 16);
    }
    out[threadIdx.x] = x;
}

// Half of the lanes that the mask names have ended.
KERNEL(shuffles_with_ended) {
    if (threadIdx.x % 32 >= 16) {
        return;
    }
    out[threadIdx.x] = __shfl_down_sync(0xffffffffu, in[threadIdx.x], 1);
}

KERNEL(votes_against_shuffle) {
    if (threadIdx.x % 2 == 0) {
        out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, in[threadIdx.x], 2);
    } else {
        out[threadIdx.x] = static_cast<float>(__any_sync(0xffffffffu, 1));
    }
}

KERNEL(misaligns_pack) {
    float values[4];
    load_pack(in + 1, values);
    out[threadIdx.x] = values[threadIdx.x % 4];
}

KERNEL(misaligns_vector) {
    float4 values = *reinterpret_cast<const float4 *>(in + 1);
    out[threadIdx.x] = values.x;
}

KERNEL(misses_async_wait) {
    S2D_SHARED(float, shared);
    if (threadIdx.x < 16) {
        async_copy_16(shared + 4 * threadIdx.x, in + 4 * threadIdx.x);
        async_commit();
    }
    __syncthreads();
    out[threadIdx.x] = fmaxf(shared[threadIdx.x], 0.0f);
}

KERNEL(misaligns_async_copy) {
    S2D_SHARED(float, shared);
    async_copy_16(shared + threadIdx.x, in);
    async_wait<0>();
    out[threadIdx.x] = shared[0];
}

KERNEL(misaligns_matrix_load) {
    S2D_SHARED(float, shared);
    u32 words[4];
    shared[threadIdx.x] = in[threadIdx.x];
    __syncthreads();
    ldmatrix_x4(words, shared + threadIdx.x % 32);
    out[threadIdx.x] = static_cast<float>(words[0]);
}

// Tensor-core products need the whole warp.
KERNEL(multiplies_without_a_lane) {
    float sums[4] = {};
    u32 a[4] = {};
    u32 b[2] = {};
    if (threadIdx.x != 7) {
        mma_16x8x16<bf16>(sums, a, b, sums);
    }
    out[threadIdx.x] = sums[0];
}

// Sound: D = A B of 16x16 and 16x8 matrices with elements in [n] as bf16, one warp.
extern "C" __global__ void multiply_sound(float *out, const bf16 *a, const bf16 *b) {
    S2D_SHARED(bf16, rows);  // [16][16], then [16][8]
    int lane = static_cast<int>(threadIdx.x);
    for (int i = lane; i < 256; i += 32) {
        rows[i] = a[i];
    }
    for (int i = lane; i < 128; i += 32) {
        rows[256 + i] = b[i];
    }
    __syncwarp();
    u32 left[4];
    u32 right[2];
    float sums[4] = {};
    ldmatrix_x4(left, rows + lane % 16 * 16 + lane / 16 * 8);
    ldmatrix_x2_transposed(right, rows + 256 + lane % 16 * 8);
    mma_16x8x16<bf16>(sums, left, right, sums);
    for (int i = 0; i < 4; i++) {
        out[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
    }
}
