// Element-wise operations on strided, broadcast views of any floating type, and the sums that undo broadcasting.
//
// The trick: one kernel serves every layout and every mix of types. The host merges dimensions, so that almost every call is
// one long run or runs of rows; then a thread takes a pack of 8 neighbouring elements with 16-byte accesses, an operand
// that is constant along the run is loaded once, and the types are branches that all threads take alike. What does not fit
// packs goes element by element through the same code. Bound by memory bandwidth.

#include "common/gelu.cuh"
#include "common/loop.cuh"
#include "common/sigmoid.cuh"
#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;

// Calls visit(first element, elements, whole pack?) for every pack that belongs to this thread.
template <class Visit>
__device__ __forceinline__ void for_packs(const Loop &loop, Visit visit) {
    i64 step = static_cast<i64>(gridDim.x) * THREADS * loop.pack;
    for (i64 first = (static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x) * loop.pack; first < loop.count; first += step) {
        i64 left = loop.count - first;
        visit(first, static_cast<int>(left < loop.pack ? left : loop.pack), loop.pack == PACK && left >= PACK);
    }
}

// PACK elements of operand k, which has stride 1 or 0 within a run.
__device__ __forceinline__ void load_operand(const Loop &loop, int k, const void *from, i64 at, float (&values)[PACK]) {
    if (loop.strides[k][loop.dims - 1] == 0) {
        float value = load_any(from, at, loop.types[k]);
#pragma unroll
        for (int i = 0; i < PACK; i++) {
            values[i] = value;
        }
    } else {
        load_pack_any(from, at, loop.types[k], values);
    }
}

// out = F(in, parameter, element number)
template <class F>
__device__ __forceinline__ void map(const Loop &loop, void *out, const void *in, F function) {
    for_packs(loop, [&](i64 first, int count, bool whole) {
        i64 at[2];
        locate(loop, first, at);
        if (whole) {
            float x[PACK];
            load_operand(loop, 1, in, at[1], x);
#pragma unroll
            for (int i = 0; i < PACK; i++) {
                x[i] = function(x[i], first + i);
            }
            store_pack_any(out, at[0], loop.types[0], x);
            return;
        }
        int inner = loop.dims - 1;
        for (int i = 0; i < count; i++) {
            float x = load_any(in, at[1] + i * loop.strides[1][inner], loop.types[1]);
            store_any(out, at[0] + i * loop.strides[0][inner], loop.types[0], function(x, first + i));
        }
    });
}

// out = F(a, b)
template <class F>
__device__ __forceinline__ void combine(const Loop &loop, void *out, const void *a, const void *b, F function) {
    for_packs(loop, [&](i64 first, int count, bool whole) {
        i64 at[3];
        locate(loop, first, at);
        if (whole) {
            float x[PACK];
            float y[PACK];
            load_operand(loop, 1, a, at[1], x);
            load_operand(loop, 2, b, at[2], y);
#pragma unroll
            for (int i = 0; i < PACK; i++) {
                x[i] = function(x[i], y[i]);
            }
            store_pack_any(out, at[0], loop.types[0], x);
            return;
        }
        int inner = loop.dims - 1;
        for (int i = 0; i < count; i++) {
            float x = load_any(a, at[1] + i * loop.strides[1][inner], loop.types[1]);
            float y = load_any(b, at[2] + i * loop.strides[2][inner], loop.types[2]);
            store_any(out, at[0] + i * loop.strides[0][inner], loop.types[0], function(x, y));
        }
    });
}

// Functions of one element

// NaN passes the rectifiers; their gradient is 0 where they are flat, corners included.

__device__ __forceinline__ float relu(float x) { return x < 0.0f ? 0.0f : x; }

__device__ __forceinline__ float relu_gradient(float x, float g) { return x <= 0.0f ? 0.0f : g; }

__device__ __forceinline__ float relu6(float x) { return x < 0.0f ? 0.0f : x > 6.0f ? 6.0f : x; }

__device__ __forceinline__ float relu6_gradient(float x, float g) { return x <= 0.0f || x >= 6.0f ? 0.0f : g; }

// Dropout: 24 bits of a 64-bit mix (the finaliser of SplitMix64, twice, the seed going in between).

__device__ __forceinline__ u64 mix(u64 z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

__device__ __forceinline__ u32 draw(u64 seed, i64 element) {
    return static_cast<u32>(mix(mix(static_cast<u64>(element) * 0x9E3779B97F4A7C15ull + 1) + seed) >> 40);
}

// Sums. Threads of a block in the reduced direction, and blocks in `gridDim.y` splits, take turns; partial sums are added in a
// fixed order.

// Element number r of the reduced dimensions: how far it is from the first, in elements.
__device__ __forceinline__ i64 reduced_offset(const Loop &reduced, i64 r) {
    if (reduced.dims == 1) {
        return r * reduced.strides[0][0];
    }
    i64 at[1];
    locate(reduced, r, at);
    return at[0];
}

// With several splits the result is a partial sum in `workspace` [splits, kept].
__device__ __forceinline__ void store_sum(const Loop &kept, void *out, float *workspace, i64 o, i64 at, float sum) {
    if (gridDim.y == 1) {
        store_any(out, at, kept.types[0], sum);
    } else {
        workspace[blockIdx.y * kept.count + o] = sum;
    }
}

}  // namespace

#define MAP(NAME, EXPRESSION)                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS) NAME(Loop loop, void *out, const void *in, float parameter) { \
        map(loop, out, in, [=](float x, i64) { return EXPRESSION; });                                              \
    }

#define COMBINE(NAME, EXPRESSION)                                                                                  \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                          \
        NAME(Loop loop, void *out, const void *a, const void *b, float parameter) {                                \
        combine(loop, out, a, b, [=](float x, float y) { return EXPRESSION; });                                    \
    }

COMBINE(add_forward_any, x + y)
COMBINE(multiply_forward_any, x *y)
COMBINE(add_scaled_forward_any, fmaf(y, parameter, x))
MAP(scale_forward_any, x *parameter)
MAP(copy_forward_any, x)
MAP(gelu_forward_any, gelu(x))
COMBINE(gelu_backward_any, gelu_gradient(x, y))
MAP(relu_forward_any, relu(x))
COMBINE(relu_backward_any, relu_gradient(x, y))
MAP(relu6_forward_any, relu6(x))
COMBINE(relu6_backward_any, relu6_gradient(x, y))
MAP(sigmoid_forward_any, sigmoid(x))
COMBINE(sigmoid_backward_any, sigmoid_gradient(x, y))
MAP(softplus_forward_any, softplus(x))
COMBINE(softplus_backward_any, softplus_gradient(x, y))

// Keeps an element when its draw is at least `threshold`. `base` is added to the seed: a captured graph repeats its arguments,
// but not what lies in memory.
extern "C" __global__ void __launch_bounds__(THREADS)
    dropout_forward_any(Loop loop, void *out, const void *in, u32 threshold, float factor, u64 seed, const u64 *base) {
    u64 key = seed + *base;
    map(loop, out, in, [=](float x, i64 element) { return draw(key, element) >= threshold ? x * factor : 0.0f; });
}

// out [count] = 0 with `probability`, else `kept`: the numbers of java.util.SplittableRandom(seed + *base).nextDouble().
extern "C" __global__ void __launch_bounds__(THREADS)
    keep_scales_forward_f32(float *out, int count, double probability, float kept, u64 seed, const u64 *base) {
    int i = static_cast<int>(blockIdx.x * THREADS + threadIdx.x);
    if (i < count) {
        u64 bits = mix(seed + *base + static_cast<u64>(i + 1) * 0x9E3779B97F4A7C15ull);
        double uniform = static_cast<double>(bits >> 11) * (1.0 / (1ull << 53));
        out[i] = uniform < probability ? 0.0f : kept;
    }
}

// Standard normal numbers by Box and Muller's formula, from two draws each.
extern "C" __global__ void __launch_bounds__(THREADS) normal_forward_f32(float *out, i64 count, u64 seed, const u64 *base) {
    constexpr float UNIT = 1.0f / (1 << 24);
    u64 key = seed + *base;
    i64 step = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += step) {
        float radius = sqrtf(-2.0f * logf(1.0f - draw(key, 2 * i) * UNIT));
        // cospif, as cosf of large angles needs a stack.
        out[i] = radius * cospif(2.0f * (draw(key, 2 * i + 1) * UNIT));
    }
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_forward_any(Loop loop, void *out, float value) {
    for_packs(loop, [&](i64 first, int count, bool whole) {
        i64 at[1];
        locate(loop, first, at);
        for (int i = 0; i < count; i++) {
            store_any(out, at[0] + i * loop.strides[0][loop.dims - 1], loop.types[0], value);
        }
    });
}

// Outputs that lie side by side: threads (32 outputs, 8 turns), grid (kept / 32, splits).
extern "C" __global__ void __launch_bounds__(THREADS)
    sum_forward_any_columns(Loop kept, Loop reduced, void *out, float *workspace, const void *in) {
    S2D_SHARED(float, partial);  // [8][32]
    i64 o = static_cast<i64>(blockIdx.x) * WARP + threadIdx.x;
    i64 at[2] = {0, 0};
    float sum = 0.0f;
    if (o < kept.count) {
        locate(kept, o, at);
        i64 step = static_cast<i64>(blockDim.y) * gridDim.y;
        for (i64 r = static_cast<i64>(blockIdx.y) * blockDim.y + threadIdx.y; r < reduced.count; r += step) {
            sum += load_any(in, at[1] + reduced_offset(reduced, r), kept.types[1]);
        }
    }
    partial[threadIdx.y * WARP + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && o < kept.count) {
        for (u32 y = 1; y < blockDim.y; y++) {
            sum += partial[y * WARP + threadIdx.x];
        }
        store_sum(kept, out, workspace, o, at[0], sum);
    }
}

// Summands that lie side by side: one warp per output, 8 per block, grid (kept / 8, splits).
extern "C" __global__ void __launch_bounds__(THREADS)
    sum_forward_any_rows(Loop kept, Loop reduced, void *out, float *workspace, const void *in) {
    i64 o = static_cast<i64>(blockIdx.x) * warps_of_block() + warp_of_block();
    if (o >= kept.count) {
        return;
    }
    i64 at[2];
    locate(kept, o, at);
    float sum = 0.0f;
    i64 step = static_cast<i64>(WARP) * gridDim.y;
    for (i64 r = static_cast<i64>(blockIdx.y) * WARP + lane_of_warp(); r < reduced.count; r += step) {
        sum += load_any(in, at[1] + reduced_offset(reduced, r), kept.types[1]);
    }
    sum = warp_sum(sum);
    if (lane_of_warp() == 0) {
        store_sum(kept, out, workspace, o, at[0], sum);
    }
}

// out = sum over the splits of `workspace` [splits, kept].
extern "C" __global__ void __launch_bounds__(THREADS)
    sum_forward_any_finish(Loop kept, void *out, const float *workspace, int splits) {
    i64 o = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x;
    if (o >= kept.count) {
        return;
    }
    float sum = 0.0f;
    for (int split = 0; split < splits; split++) {
        sum += workspace[split * kept.count + o];
    }
    i64 at[2];
    locate(kept, o, at);
    store_any(out, at[0], kept.types[0], sum);
}
