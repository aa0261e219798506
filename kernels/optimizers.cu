// All parameters at once: AdamW, moving averages, and the 2-norm of gradients.
//
//   g = gradient scale;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g g
//   p = p (1 - lr decay) - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
//
// The trick: one launch for hundreds of tensors. A table in device memory says which tensors there are; each block takes one chunk
// of one tensor and finds its entry by bisection. All that changes from step to step lies in that memory, so that a captured
// graph can be replayed. Bound by memory bandwidth.

#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;
constexpr int VECTOR = 4;  // floats that a thread takes at once
constexpr int CHUNK = 16384;

// One entry of the table. TensorTable writes the same bytes.
struct Slot {
    void *tensors[4];  // AdamW: gradient, parameter, m, v; average: average, value; norm: gradient
    i64 count;         // elements
    i64 first_block;
    float factors[3];  // AdamW: 1 - lr decay, lr / (1 - beta1^t), 1 / sqrt(1 - beta2^t)
    short type;        // of the gradient whose norm is asked for
    short vectors;     // whether all tensors are aligned to 16 bytes
};

// What all entries share; rest = 1 - beta.
struct Step {
    float scale, beta1, rest1, beta2, rest2, eps;
};

// The entry to which this block belongs: the last one that begins at or before it. Entries without elements have no block.
__device__ __forceinline__ const Slot &slot_of_block(const Slot *slots, int count) {
    int low = 0;
    int high = count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (slots[middle].first_block <= static_cast<i64>(blockIdx.x)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return slots[low];
}

// Calls vector(first element) for whole vectors of this thread's share of the chunk and single(element) for the rest.
template <class Vector, class Single>
__device__ __forceinline__ void for_chunk(const Slot &slot, Vector vector, Single single) {
    i64 start = (static_cast<i64>(blockIdx.x) - slot.first_block) * CHUNK;
    i64 end = slot.count - start < CHUNK ? slot.count : start + CHUNK;
    i64 whole = slot.vectors != 0 ? start + (end - start) / VECTOR * VECTOR : start;
    for (i64 i = start + VECTOR * threadIdx.x; i < whole; i += VECTOR * THREADS) {
        vector(i);
    }
    for (i64 i = whole + threadIdx.x; i < end; i += THREADS) {
        single(i);
    }
}

__device__ __forceinline__ void update(const Slot &slot, const Step &step, float &p, float gradient, float &m, float &v) {
    float g = gradient * step.scale;
    m = fmaf(step.rest1, g, step.beta1 * m);
    v = fmaf(step.rest2 * g, g, step.beta2 * v);
    p = p * slot.factors[0] - slot.factors[1] * m / (sqrtf(v) * slot.factors[2] + step.eps);
}

// Sum over the block in a fixed order; `shared` [WARPS]. Every thread gets it.
__device__ __forceinline__ double block_sum(double value, double *shared) {
    value = warp_sum(value);
    if (lane_of_warp() == 0) {
        shared[warp_of_block()] = value;
    }
    __syncthreads();
    double sum = 0.0;
    for (int warp = 0; warp < WARPS; warp++) {
        sum += shared[warp];
    }
    return sum;
}

__device__ __forceinline__ bool is_finite(double x) { return x - x == 0.0; }

}  // namespace

// `factor`: on all gradients; nothing is updated when it is not finite.
extern "C" __global__ void __launch_bounds__(THREADS)
    adamw_forward_f32(const Slot *slots, int count, const double *factor, float beta1, float rest1, float beta2, float rest2,
                      float eps) {
    if (!is_finite(*factor)) {
        return;
    }
    const Step shared = {static_cast<float>(*factor), beta1, rest1, beta2, rest2, eps};
    const Slot slot = slot_of_block(slots, count);
    auto *gradient = static_cast<const float *>(slot.tensors[0]);
    auto *parameter = static_cast<float *>(slot.tensors[1]);
    auto *m = static_cast<float *>(slot.tensors[2]);
    auto *v = static_cast<float *>(slot.tensors[3]);
    for_chunk(
        slot,
        [&](i64 at) {
            float p[VECTOR], g[VECTOR], first[VECTOR], second[VECTOR];
            load_pack(parameter + at, p);
            load_pack(gradient + at, g);
            load_pack(m + at, first);
            load_pack(v + at, second);
#pragma unroll
            for (int i = 0; i < VECTOR; i++) {
                update(slot, shared, p[i], g[i], first[i], second[i]);
            }
            store_pack(parameter + at, p);
            store_pack(m + at, first);
            store_pack(v + at, second);
        },
        [&](i64 at) { update(slot, shared, parameter[at], gradient[at], m[at], v[at]); });
}

// average = decay average + (1 - decay) value
extern "C" __global__ void __launch_bounds__(THREADS)
    moving_average_forward_f32(const Slot *slots, int count, float keep, float take) {
    const Slot slot = slot_of_block(slots, count);
    auto *average = static_cast<float *>(slot.tensors[0]);
    auto *value = static_cast<const float *>(slot.tensors[1]);
    for_chunk(
        slot,
        [&](i64 at) {
            float a[VECTOR], b[VECTOR];
            load_pack(average + at, a);
            load_pack(value + at, b);
#pragma unroll
            for (int i = 0; i < VECTOR; i++) {
                a[i] = fmaf(take, b[i], keep * a[i]);
            }
            store_pack(average + at, a);
        },
        [&](i64 at) { average[at] = fmaf(take, value[at], keep * average[at]); });
}

// Sum of squares of each chunk: parts [blocks]. In double, where no float overflows.
extern "C" __global__ void __launch_bounds__(THREADS) norm_forward_any(double *parts, const Slot *slots, int count) {
    S2D_SHARED(double, shared);
    const Slot slot = slot_of_block(slots, count);
    double sum = 0.0;
    auto add = [&](float x) { sum += static_cast<double>(x) * static_cast<double>(x); };
    for_chunk(
        slot,
        [&](i64 at) {
            float x[VECTOR];
            load_pack(static_cast<const float *>(slot.tensors[0]) + at, x);  // vectors are float
#pragma unroll
            for (int i = 0; i < VECTOR; i++) {
                add(x[i]);
            }
        },
        [&](i64 at) { add(load_any(slot.tensors[0], at, slot.type)); });
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = sum;
    }
}

// parts [count] -> out [1], the root of their sum. One block.
extern "C" __global__ void __launch_bounds__(THREADS) norm_forward_any_finish(double *out, const double *parts, int count) {
    S2D_SHARED(double, shared);
    double sum = 0.0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += THREADS) {
        sum += parts[i];
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) {
        *out = sqrt(sum);
    }
}

// A step's worth: report[0] = factor on the gradients, NaN unless the norm and all of watched [watched_count] are finite;
// report[1] = norm, the root of the sum of parts [count]; report[2 + i] = watched[i]. The gradients are meant times unscale. One
// block.
extern "C" __global__ void __launch_bounds__(THREADS)
    norm_forward_any_judge(double *report, const double *parts, int count, const float *watched, int watched_count,
                           double max_norm, double unscale) {
    S2D_SHARED(double, shared);
    double sum = 0.0;
    for (int i = static_cast<int>(threadIdx.x); i < count; i += THREADS) {
        sum += parts[i];
    }
    double norm = sqrt(block_sum(sum, shared)) * unscale;
    double poison = norm - norm;  // stays 0, or becomes NaN
    for (int i = static_cast<int>(threadIdx.x); i < watched_count; i += THREADS) {
        double x = watched[i];
        report[2 + i] = x;
        poison += x - x;
    }
    __syncthreads();
    poison = block_sum(poison, shared);
    if (threadIdx.x == 0) {
        double factor = max_norm > 0.0 ? max_norm / (norm + 1e-6) : 1.0;
        report[0] = (factor < 1.0 ? factor : 1.0) * unscale + poison;
        report[1] = norm;
    }
}
