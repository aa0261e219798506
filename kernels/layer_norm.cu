// Layer normalisation over the last dimension of rows [rows, D].
//
//   out = (in - mean) rstd weight + bias              rstd = 1 / sqrt(variance + eps), biased variance
//
//   residual: in is formed on the way, in = x + scale first + second, and stored: x [F, N, D]; first, second [F, N - skip, D]
//   belong to all but the first `skip` rows of each N; scale [F]
//
//   n = (in - mean) rstd,  h = gradOut weight
//   gradIn = rstd (h - mean(h) - n mean(h n)) + around          around: the gradient of the residual connection
//   gradWeight = sum over rows of gradOut n,  gradBias = sum over rows of gradOut
//
// The trick: one warp owns a row and keeps it in registers, so that memory is read once and nothing waits for the block; going
// backward it also keeps its share of the parameters' gradients in registers over all its rows. Rows that are not packs of 8
// elements, or longer than 1024, are read again for every pass. Bound by memory bandwidth.

#include "common/loop.cuh"
#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;  // that a block works on at once
constexpr int BACKWARD_THREADS = 128;
constexpr int BACKWARD_ROWS = BACKWARD_THREADS / WARP;

// First column of this lane's pack number p.
__device__ __forceinline__ int column_of(int p) { return (p * WARP + lane_of_warp()) * PACK; }

// 1 / sqrt(variance + eps), where rounding may have made the variance negative; NaN passes, unlike through fmaxf.
__device__ __forceinline__ float inverse_root(float variance, float eps) {
    return 1.0f / sqrtf((variance < 0.0f ? 0.0f : variance) + eps);
}

// Mean and 1 / sqrt(variance + eps) of a row that a warp holds. The variance is summed about the mean; `rest` is what rounding
// took from the mean.
template <int PACKS>
__device__ __forceinline__ void statistics(const float (&x)[PACKS][PACK], int width, float eps, float &mean, float &rest,
                                           float &rstd) {
    float sum = 0.0f;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        if (column_of(p) < width) {
#pragma unroll
            for (int i = 0; i < PACK; i++) {
                sum += x[p][i];
            }
        }
    }
    mean = warp_sum(sum) / width;
    float plain = 0.0f;
    float squares = 0.0f;
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        if (column_of(p) < width) {
#pragma unroll
            for (int i = 0; i < PACK; i++) {
                float deviation = x[p][i] - mean;
                plain += deviation;
                squares = fmaf(deviation, deviation, squares);
            }
        }
    }
    rest = warp_sum(plain) / width;
    rstd = inverse_root(warp_sum(squares) / width - rest * rest, eps);
}

// The terms of a sum; second and scales may be null. CudaLayerNorm writes the same bytes.
struct Residual {
    void *sum;
    const void *first;
    const void *second;
    const void *scales;
    int tokens, skip;
    int sum_type, first_type, second_type, scales_type;
};

// Which row of the addends belongs to a row of x; negative for none.
__device__ __forceinline__ i64 addend_row(const Residual &residual, i64 row) {
    i64 group = row / residual.tokens;
    int token = static_cast<int>(row - group * residual.tokens) - residual.skip;
    return token < 0 ? -1 : group * (residual.tokens - residual.skip) + token;
}

__device__ __forceinline__ float scale_of(const Residual &residual, i64 row) {
    return residual.scales == nullptr ? 1.0f : load_any(residual.scales, row / residual.tokens, residual.scales_type);
}

// Adds the terms to a row of x that a warp holds, and stores the sum.
template <int PACKS>
__device__ __forceinline__ void add_terms(const Residual &residual, i64 row, int width, float (&x)[PACKS][PACK]) {
    i64 other = addend_row(residual, row);
    float scale = scale_of(residual, row);
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        int column = column_of(p);
        if (column < width) {
            if (other >= 0) {
                float term[PACK];
                load_pack_any(residual.first, other * width + column, residual.first_type, term);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    x[p][i] = fmaf(scale, term[i], x[p][i]);
                }
            }
            if (other >= 0 && residual.second != nullptr) {
                float term[PACK];
                load_pack_any(residual.second, other * width + column, residual.second_type, term);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    x[p][i] += term[i];
                }
            }
            store_pack_any(residual.sum, row * width + column, residual.sum_type, x[p]);
        }
    }
}

template <int PACKS>
__device__ __forceinline__ void forward(const Loop &rows, void *out, float *means, float *rstds, const void *in,
                                        const void *weight, const void *bias, int weight_type, int bias_type, int width,
                                        float eps, const Residual *residual = nullptr) {
    i64 step = static_cast<i64>(gridDim.x) * ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * ROWS + warp_of_block(); row < rows.count; row += step) {
        i64 at[2];  // out, in
        locate(rows, row, at);
        Words8 words[PACKS];
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            if (column_of(p) < width) {
                words[p] = load_words_any(in, at[1] + column_of(p), rows.types[1]);
            }
        }
        float x[PACKS][PACK];
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            unpack_words_any(words[p], rows.types[1], x[p]);
        }
        if (residual != nullptr) {
            add_terms<PACKS>(*residual, row, width, x);
        }
        float mean, rest, rstd;
        statistics<PACKS>(x, width, eps, mean, rest, rstd);
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            int column = column_of(p);
            if (column < width) {
                float scale[PACK];
                float shift[PACK];
                load_pack_any(weight, column, weight_type, scale);
                load_pack_any(bias, column, bias_type, shift);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    x[p][i] = fmaf((x[p][i] - mean - rest) * rstd, scale[i], shift[i]);
                }
                store_pack_any(out, at[0] + column, rows.types[0], x[p]);
            }
        }
        if (lane_of_warp() == 0 && means != nullptr) {
            means[row] = mean + rest;
            rstds[row] = rstd;
        }
    }
}

// One row's sum, formed and stored by the lanes that read it again.
__device__ __forceinline__ void store_sum(const Residual &residual, i64 row, const void *in, i64 at, int in_type, int width) {
    i64 other = addend_row(residual, row);
    float scale = scale_of(residual, row);
    for (int i = lane_of_warp(); i < width; i += WARP) {
        float x = load_any(in, at + i, in_type);
        if (other >= 0) {
            x = fmaf(scale, load_any(residual.first, other * width + i, residual.first_type), x);
        }
        if (other >= 0 && residual.second != nullptr) {
            x += load_any(residual.second, other * width + i, residual.second_type);
        }
        store_any(residual.sum, row * width + i, residual.sum_type, x);
    }
}

__device__ __forceinline__ void forward_rows(const Loop &rows, void *out, float *means, float *rstds, const void *given,
                                             const void *weight, const void *bias, int weight_type, int bias_type, int width,
                                             float eps, const Residual *residual = nullptr) {
    const void *in = residual == nullptr ? given : residual->sum;
    int in_type = residual == nullptr ? rows.types[1] : residual->sum_type;
    i64 step = static_cast<i64>(gridDim.x) * ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * ROWS + warp_of_block(); row < rows.count; row += step) {
        i64 at[2];
        locate(rows, row, at);
        if (residual != nullptr) {
            store_sum(*residual, row, given, at[1], rows.types[1], width);
            at[1] = row * width;
        }
        float total = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            total += load_any(in, at[1] + i, in_type);
        }
        float mean = warp_sum(total) / width;
        float plain = 0.0f;
        float squares = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float deviation = load_any(in, at[1] + i, in_type) - mean;
            plain += deviation;
            squares = fmaf(deviation, deviation, squares);
        }
        float rest = warp_sum(plain) / width;
        float rstd = inverse_root(warp_sum(squares) / width - rest * rest, eps);
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float normal = (load_any(in, at[1] + i, in_type) - mean - rest) * rstd;
            store_any(out, at[0] + i, rows.types[0], fmaf(normal, load_any(weight, i, weight_type), load_any(bias, i, bias_type)));
        }
        if (lane_of_warp() == 0 && means != nullptr) {
            means[row] = mean + rest;
            rstds[row] = rstd;
        }
    }
}

// Adds up what the warps of a block hold for each parameter, in the order of the warps: parts [2, D] of this block.
template <int PACKS>
__device__ __forceinline__ void store_parts(float *parts, float *shared, int width, const float (&to_weight)[PACKS][PACK],
                                            const float (&to_bias)[PACKS][PACK]) {
    float *own = shared + warp_of_block() * 2 * width;  // [BACKWARD_ROWS][2][D]
#pragma unroll
    for (int p = 0; p < PACKS; p++) {
        if (column_of(p) < width) {
            store_pack(own + column_of(p), to_weight[p]);
            store_pack(own + width + column_of(p), to_bias[p]);
        }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < 2 * width; i += BACKWARD_THREADS) {
        float sum = 0.0f;
        for (int warp = 0; warp < BACKWARD_ROWS; warp++) {
            sum += shared[warp * 2 * width + i];
        }
        parts[static_cast<i64>(blockIdx.x) * 2 * width + i] = sum;
    }
}

template <int PACKS>
__device__ __forceinline__ void backward(const Loop &rows, void *grad_in, float *parts, const void *grad_out, const void *in,
                                         const void *around, const float *means, const float *rstds, const void *weight,
                                         int weight_type, int width) {
    float to_weight[PACKS][PACK] = {};
    float to_bias[PACKS][PACK] = {};
    i64 step = static_cast<i64>(gridDim.x) * BACKWARD_ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * BACKWARD_ROWS + warp_of_block(); row < rows.count; row += step) {
        i64 at[4];  // gradIn, gradOut, in, around
        locate(rows, row, at);
        Words8 gradient[PACKS];
        Words8 input[PACKS];
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            if (column_of(p) < width) {
                gradient[p] = load_words_any(grad_out, at[1] + column_of(p), rows.types[1]);
                input[p] = load_words_any(in, at[2] + column_of(p), rows.types[2]);
            }
        }
        float mean = means[row];
        float rstd = rstds[row];
        float sum = 0.0f;
        float dot = 0.0f;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            if (column_of(p) < width) {
                float g[PACK], x[PACK], scale[PACK];
                unpack_words_any(gradient[p], rows.types[1], g);
                unpack_words_any(input[p], rows.types[2], x);
                load_pack_any(weight, column_of(p), weight_type, scale);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    float normal = (x[i] - mean) * rstd;
                    float h = g[i] * scale[i];
                    to_weight[p][i] = fmaf(g[i], normal, to_weight[p][i]);
                    to_bias[p][i] += g[i];
                    sum += h;
                    dot = fmaf(h, normal, dot);
                }
            }
        }
        if (grad_in == nullptr) {
            continue;
        }
        sum = warp_sum(sum) / width;
        dot = warp_sum(dot) / width;
#pragma unroll
        for (int p = 0; p < PACKS; p++) {
            if (column_of(p) < width) {
                float g[PACK], x[PACK], scale[PACK], other[PACK] = {};
                unpack_words_any(gradient[p], rows.types[1], g);
                unpack_words_any(input[p], rows.types[2], x);
                load_pack_any(weight, column_of(p), weight_type, scale);
                if (around != nullptr) {
                    load_pack_any(around, at[3] + column_of(p), rows.types[3], other);
                }
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    float normal = (x[i] - mean) * rstd;
                    g[i] = fmaf(rstd, g[i] * scale[i] - sum - normal * dot, other[i]);
                }
                store_pack_any(grad_in, at[0] + column_of(p), rows.types[0], g);
            }
        }
    }
    if (parts != nullptr) {
        S2D_SHARED(float, shared);
        store_parts<PACKS>(parts, shared, width, to_weight, to_bias);
    }
}

}  // namespace

// in [rows, D] -> out [rows, D], means, rstds [rows] or null. Rows are packs; D is at most WIDTH.
#define FORWARD(WIDTH, BLOCKS)                                                                                             \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) layer_norm_forward_any_##WIDTH(                          \
        Loop rows, void *out, float *means, float *rstds, const void *in, const void *weight, const void *bias,            \
        int weight_type, int bias_type, int width, float eps) {                                                            \
        forward<WIDTH / (WARP * PACK)>(rows, out, means, rstds, in, weight, bias, weight_type, bias_type, width, eps);     \
    }

FORWARD(256, 4)
FORWARD(512, 3)
FORWARD(768, 2)
FORWARD(1024, 2)

// As above, of a sum.
#define FORWARD_RESIDUAL(WIDTH, BLOCKS)                                                                                    \
    extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS) layer_norm_forward_any_##WIDTH##_residual(               \
        Loop rows, Residual residual, void *out, float *means, float *rstds, const void *in, const void *weight,           \
        const void *bias, int weight_type, int bias_type, int width, float eps) {                                          \
        forward<WIDTH / (WARP * PACK)>(rows, out, means, rstds, in, weight, bias, weight_type, bias_type, width, eps,      \
                                       &residual);                                                                         \
    }

FORWARD_RESIDUAL(256, 4)
FORWARD_RESIDUAL(512, 3)
FORWARD_RESIDUAL(768, 2)
FORWARD_RESIDUAL(1024, 2)

// Any rows.
extern "C" __global__ void __launch_bounds__(THREADS)
    layer_norm_forward_any_rows(Loop rows, void *out, float *means, float *rstds, const void *in, const void *weight,
                                const void *bias, int weight_type, int bias_type, int width, float eps) {
    forward_rows(rows, out, means, rstds, in, weight, bias, weight_type, bias_type, width, eps);
}

// Any rows of a sum.
extern "C" __global__ void __launch_bounds__(THREADS)
    layer_norm_forward_any_rows_residual(Loop rows, Residual residual, void *out, float *means, float *rstds, const void *in,
                                         const void *weight, const void *bias, int weight_type, int bias_type, int width,
                                         float eps) {
    forward_rows(rows, out, means, rstds, in, weight, bias, weight_type, bias_type, width, eps, &residual);
}

// gradOut, in, around [rows, D] -> gradIn [rows, D] or null, parts [blocks, 2, D] or null: each block's share of gradWeight and
// gradBias. around may be null. Rows are packs; D is at most WIDTH.
#define BACKWARD(WIDTH, BLOCKS)                                                                                            \
    extern "C" __global__ void __launch_bounds__(BACKWARD_THREADS, BLOCKS) layer_norm_backward_any_##WIDTH(                \
        Loop rows, void *grad_in, float *parts, const void *grad_out, const void *in, const void *around,                  \
        const float *means, const float *rstds, const void *weight, int weight_type, int width) {                          \
        backward<WIDTH / (WARP * PACK)>(rows, grad_in, parts, grad_out, in, around, means, rstds, weight, weight_type,     \
                                        width);                                                                            \
    }

BACKWARD(256, 4)
BACKWARD(512, 4)
BACKWARD(768, 3)
BACKWARD(1024, 2)

// gradIn of any rows.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    layer_norm_backward_any_rows(Loop rows, void *grad_in, const void *grad_out, const void *in, const void *around,
                                 const float *means, const float *rstds, const void *weight, int weight_type, int width) {
    i64 step = static_cast<i64>(gridDim.x) * ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * ROWS + warp_of_block(); row < rows.count; row += step) {
        i64 at[4];  // gradIn, gradOut, in, around
        locate(rows, row, at);
        float mean = means[row];
        float rstd = rstds[row];
        float sum = 0.0f;
        float dot = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float h = load_any(grad_out, at[1] + i, rows.types[1]) * load_any(weight, i, weight_type);
            sum += h;
            dot = fmaf(h, (load_any(in, at[2] + i, rows.types[2]) - mean) * rstd, dot);
        }
        sum = warp_sum(sum) / width;
        dot = warp_sum(dot) / width;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float h = load_any(grad_out, at[1] + i, rows.types[1]) * load_any(weight, i, weight_type);
            float normal = (load_any(in, at[2] + i, rows.types[2]) - mean) * rstd;
            float other = around == nullptr ? 0.0f : load_any(around, at[3] + i, rows.types[3]);
            store_any(grad_in, at[0] + i, rows.types[0], fmaf(rstd, h - sum - normal * dot, other));
        }
    }
}

// Shares of gradWeight and gradBias of any rows: threads (32 columns, 8 turns), grid (D / 32, splits of the rows).
extern "C" __global__ void __launch_bounds__(THREADS)
    layer_norm_backward_any_columns(Loop rows, float *parts, const void *grad_out, const void *in, const float *means,
                                    const float *rstds, int width) {
    S2D_SHARED(float, shared);  // [2][8][32]
    int column = static_cast<int>(blockIdx.x * WARP + threadIdx.x);
    float to_weight = 0.0f;
    float to_bias = 0.0f;
    if (column < width) {
        i64 step = static_cast<i64>(ROWS) * gridDim.y;
        for (i64 row = static_cast<i64>(blockIdx.y) * ROWS + threadIdx.y; row < rows.count; row += step) {
            i64 at[3];  // gradIn, gradOut, in
            locate(rows, row, at);
            float g = load_any(grad_out, at[1] + column, rows.types[1]);
            float normal = (load_any(in, at[2] + column, rows.types[2]) - means[row]) * rstds[row];
            to_weight = fmaf(g, normal, to_weight);
            to_bias += g;
        }
    }
    shared[threadIdx.y * WARP + threadIdx.x] = to_weight;
    shared[THREADS + threadIdx.y * WARP + threadIdx.x] = to_bias;
    __syncthreads();
    if (threadIdx.y < 2 && column < width) {
        const float *own = shared + threadIdx.y * THREADS + threadIdx.x;
        float sum = 0.0f;
        for (int turn = 0; turn < ROWS; turn++) {
            sum += own[turn * WARP];
        }
        parts[(static_cast<i64>(blockIdx.y) * 2 + threadIdx.y) * width + column] = sum;
    }
}

// parts [blocks, 2, D] -> gradWeight, gradBias [D], each or null: threads (32 columns, 8 turns), grid (D / 32, 2).
extern "C" __global__ void __launch_bounds__(THREADS)
    layer_norm_backward_any_finish(void *grad_weight, void *grad_bias, const float *parts, int weight_type, int bias_type,
                                   int blocks, int width) {
    S2D_SHARED(float, shared);  // [8][32]
    void *out = blockIdx.y == 0 ? grad_weight : grad_bias;
    if (out == nullptr) {
        return;
    }
    int column = static_cast<int>(blockIdx.x * WARP + threadIdx.x);
    float sum = 0.0f;
    if (column < width) {
        for (int block = static_cast<int>(threadIdx.y); block < blocks; block += ROWS) {
            sum += parts[(static_cast<i64>(block) * 2 + blockIdx.y) * width + column];
        }
    }
    shared[threadIdx.y * WARP + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < width) {
        for (int turn = 1; turn < ROWS; turn++) {
            sum += shared[turn * WARP + threadIdx.x];
        }
        store_any(out, column, blockIdx.y == 0 ? weight_type : bias_type, sum);
    }
}
