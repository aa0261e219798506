// Attention's probabilities from scores, and where the rows of a head lie.
#pragma once

#include "common/tiles.cuh"

// Strides of a [B1, B2, S, H, d] view in elements; d has stride 1.
struct HeadLayout {
    i64 outer, inner, row, head;
};

enum Operand : int { Q, K, V, OUT, GRAD_OUT, GRAD_Q, GRAD_K, GRAD_V, OPERANDS };

// AttentionCall writes the same bytes.
struct AttentionCall {
    int inner, heads, queries, keys, width;
    u32 packed;  // bit per operand: rows of 16 bytes
    float scale;
    int rows;    // of a block; heads where a warp has a whole head
    HeadLayout layouts[OPERANDS];
};

// First row of a head; heads are numbered over [B1, B2, H].
__device__ __forceinline__ i64 head_start(const AttentionCall &call, Operand operand, i64 problem) {
    const HeadLayout &layout = call.layouts[operand];
    i64 sequence = problem / call.heads;
    return sequence / call.inner * layout.outer + sequence % call.inner * layout.inner + problem % call.heads * layout.head;
}

template <class T>
__device__ __forceinline__ T *row_of(const AttentionCall &call, Operand operand, i64 problem, T *to, int row) {
    return to + head_start(call, operand, problem) + row * call.layouts[operand].row;
}

__device__ __forceinline__ bool is_packed(const AttentionCall &call, Operand operand) { return call.packed >> operand & 1; }

// 2^x: for float to the last bits, else as fast as the hardware does it.

template <class T>
__device__ __forceinline__ float power_of_two(float x) {
#ifdef S2D_EMULATOR
    return exp2f(x);
#else
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
#endif
}

template <>
__device__ __forceinline__ float power_of_two<float>(float x) {
    return exp2f(x);
}

constexpr float LOG2_E = 1.44269504f;

// exp(score * scale - base), the difference rounded once: scores in the hundreds cost no accuracy.
template <class T>
__device__ __forceinline__ float probability(float score, float scale, float base) {
    return power_of_two<T>(LOG2_E * fmaf(score, scale, -base));
}

// Gradient of scores, before scaling. With one key the probability is 1 whatever the score, and the gradient exactly 0.
__device__ __forceinline__ float score_gradient(const AttentionCall &call, float probability, float gradient, float delta) {
    return probability * (gradient - (call.keys == 1 ? gradient : delta));
}

// Softmax of a warp's 16 rows whose scores come tile by tile; [0] is for row group, [1] for row group + 8.
template <class T>
struct Softmax {
    float base[2] = {-S2D_INFINITY, -S2D_INFINITY};  // largest score so far, scaled
    float sum[2] = {0.0f, 0.0f};                     // of exp(score - base), of this lane's columns

    // Turns scores into exp(score - base); returns by how much earlier ones change. Columns from `count` on do not exist; up to
    // a multiple of 16 they become 0.
    template <int N>
    __device__ __forceinline__ float2 add(float (&scores)[N][4], int count, float scale) {
        float most[2] = {-S2D_INFINITY, -S2D_INFINITY};
#pragma unroll
        for (int j = 0; j < N; j++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                scores[j][i] = sum_column(j) + i % 2 < count ? scores[j][i] : -S2D_INFINITY;
                most[i / 2] = fmaxf(most[i / 2], scores[j][i]);
            }
        }
        float factors[2];
#pragma unroll
        for (int half = 0; half < 2; half++) {
            float largest = fmaxf(base[half], warp_max<4>(most[half]) * scale);
            // Where every score is -infinity nothing is subtracted: exponentials and sum stay 0, and the result is 0 / 0.
            factors[half] = power_of_two<T>(LOG2_E * (base[half] - (largest == -S2D_INFINITY ? 0.0f : largest)));
            base[half] = largest;
            sum[half] *= factors[half];
        }
#pragma unroll
        for (int j = 0; j < N; j++) {
            if (8 * j >= (count + 15) / 16 * 16) {
                break;
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
                float largest = base[i / 2] == -S2D_INFINITY ? 0.0f : base[i / 2];
                scores[j][i] = probability<T>(scores[j][i], scale, largest);
                sum[i / 2] += scores[j][i];
            }
        }
        return make_float2(factors[0], factors[1]);
    }
};
