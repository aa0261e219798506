// Scaled dot-product attention softmax(q k^T scale) v for every head, forward and backward. Operands are any views
// [B1, B2, S, H, d] with stride 1 in d, so that packed qkv needs no copies; d up to 128, any number of queries and keys.
//
// The trick: the S x S scores exist only in registers. A warp owns 16 rows; tiles of the other side pass through shared memory,
// one being copied while the other is used. Forward, the softmax is put right whenever a tile brings a larger score, and only
// the logarithm of each row's sum is kept. Backward, one launch has two kinds of blocks: some own keys and sum the gradients of
// k and v over all queries, the others own queries and sum the gradient of q over all keys. Scores are computed twice, in both
// orientations, and so every product is of the two kinds of common/tiles.cuh, nothing is transposed, nothing is added with
// atomics, and equal inputs give equal bits. Made for S = 197, d = 64 in 16 bits, where memory bandwidth is the limit.

#include "common/scores.cuh"

namespace {

// Rows of a tile in shared memory.
template <class T>
constexpr int TILE = sizeof(T) == 2 ? 64 : 32;

// A block's own rows, of up to two operands, must fit where the tiles will be.
template <class T>
constexpr int MAX_THREADS = 4 * TILE<T>;

// In the backward pass fewer, so that two blocks share a multiprocessor.
template <class T>
constexpr int MAX_BACKWARD_THREADS = 3 * TILE<T>;

// Rows of a head in global memory.
template <class T>
struct Matrix {
    const T *from;
    i64 stride;
    bool packed;
};

template <class T>
__device__ __forceinline__ Matrix<T> head_of(const AttentionCall &call, Operand operand, i64 problem, const T *from) {
    return {from + head_start(call, operand, problem), call.layouts[operand].row, is_packed(call, operand)};
}

// Copies up to TILE rows from row `first` on, and zeros up to a multiple of 16.
template <class T, int HEAD>
__device__ __forceinline__ void copy_rows(T *shared, const Matrix<T> &matrix, int first, int rows, int count, int width) {
    load_tile<T, HEAD>(shared, matrix.from + first * matrix.stride, matrix.stride, 1, rows - first, width, count, matrix.packed);
}

// Calls visit(first row, rows, tile of x, tile of y, buffer) for the tiles of two matrices with as many rows; also(first row,
// buffer) when they are copied. `shared` [2][2][TILE][HEAD].
template <class T, int HEAD, class Also, class Visit>
__device__ __forceinline__ void
for_tiles(T *shared, const Matrix<T> &x, const Matrix<T> &y, int rows, int width, Also also, Visit visit) {
    constexpr int BYTES = TILE<T> * STRIDE<T, HEAD>;
    auto copy = [&](int first, int buffer) {
        int count = min(TILE<T>, (rows - first + 15) / 16 * 16);
        copy_rows<T, HEAD>(shared + 2 * buffer * BYTES, x, first, rows, count, width);
        copy_rows<T, HEAD>(shared + (2 * buffer + 1) * BYTES, y, first, rows, count, width);
        also(first, buffer);
        async_commit();
    };
    copy(0, 0);
    int buffer = 0;
    for (int first = 0; first < rows; first += TILE<T>) {
        async_wait<0>();
        __syncthreads();  // this tile is there for all, and the other one is no longer in use
        if (first + TILE<T> < rows) {
            copy(first + TILE<T>, 1 - buffer);
        }
        visit(first, min(TILE<T>, rows - first), shared + 2 * buffer * BYTES, shared + (2 * buffer + 1) * BYTES, buffer);
        buffer = 1 - buffer;
    }
}

// This warp's 16 rows of one or two matrices, by way of shared memory, which is free afterwards.
template <class T, int HEAD>
__device__ __forceinline__ void
own_rows(T *shared, const Matrix<T> &matrix, Rows<T, HEAD> &own, int first, int rows, int count, int width) {
    copy_rows<T, HEAD>(shared, matrix, first, rows, count, width);
    async_commit();
    async_wait<0>();
    __syncthreads();
    load_rows(own, shared + warp_of_block() * 16 * STRIDE<T, HEAD>, STRIDE<T, HEAD>);
}

// Rows of two operands and sums in float do not fit the registers when heads are this wide: then they are read again.
template <class T, int HEAD>
constexpr bool KEEPS_ROWS = HEAD * sizeof(T) <= 256;

template <class T, int HEAD>
__device__ __forceinline__ void own_rows(T *shared, const Matrix<T> &x, const Matrix<T> &y, Rows<T, HEAD> &own_x,
                                         Rows<T, HEAD> &own_y, int first, int rows, int count, int width) {
    if constexpr (!KEEPS_ROWS<T, HEAD>) {
        return;
    }
    T *second = shared + count * STRIDE<T, HEAD>;
    copy_rows<T, HEAD>(second, y, first, rows, count, width);
    own_rows(shared, x, own_x, first, rows, count, width);
    load_rows(own_y, second + warp_of_block() * 16 * STRIDE<T, HEAD>, STRIDE<T, HEAD>);
    __syncthreads();
}

// sums[16, N] += own right^T with right [N][HEAD] in shared memory. Rows that are not kept come from memory, a slice at a time.
template <class T, int HEAD, int N>
__device__ __forceinline__ void multiply_own(float (&sums)[N][4], const Rows<T, HEAD> &own, const Matrix<T> &matrix, int first,
                                             int rows, int width, const T *right, int columns) {
    if constexpr (KEEPS_ROWS<T, HEAD>) {
        multiply_transposed(sums, own, right, STRIDE<T, HEAD>, columns);
    } else {
#pragma unroll 1
        for (int slice = 0; slice < width; slice += 16) {
            Rows<T, 16> part;
#pragma unroll
            for (int i = 0; i < 8; i++) {
                int row = first + sum_row(i % 4 / 2);
                int column = slice + sum_column(i / 4) + i % 2;
                part.values[i / 4][i % 4] = row < rows && column < width ? matrix.from[row * matrix.stride + column] : 0.0f;
            }
            multiply_transposed(sums, part, right + slice, STRIDE<T, HEAD>, columns);
        }
    }
}

// Writes a warp's 16 rows, times a factor for each, by way of its part of shared memory. No other warp may use that.
template <class T, int HEAD>
__device__ __forceinline__ void store_rows(T *to, i64 stride, bool packed, T *shared, const float (&sums)[HEAD / 8][4],
                                           const float (&factors)[2], int rows, int width) {
    T *own = shared + warp_of_block() * 16 * STRIDE<T, HEAD>;
    __syncwarp();
#pragma unroll
    for (int j = 0; j < HEAD / 8; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            store(own + sum_row(i / 2) * STRIDE<T, HEAD> + sum_column(j) + i % 2, sums[j][i] * factors[i / 2]);
        }
    }
    __syncwarp();
    int pack = packed ? PER_16_BYTES<T> : 1;
    int packs = width / pack;
    for (int i = lane_of_warp(); i < min(rows, 16) * packs; i += WARP) {
        int row = i / packs;
        int column = i % packs * pack;
        const T *from = own + row * STRIDE<T, HEAD> + column;
        if (packed) {
            store_16_bytes(to + row * stride + column, load_16_bytes(from));
        } else {
            to[row * stride + column] = *from;
        }
    }
}

// grid: blocks of queries, then heads
template <class T, int HEAD>
__device__ __forceinline__ void
forward(const AttentionCall &call, T *out, float *log_sum_exp, const T *q, const T *k, const T *v) {
    S2D_SHARED(T, shared);  // [2][2][TILE][HEAD]
    int blocks = (call.queries + call.rows - 1) / call.rows;
    i64 problem = blockIdx.x / blocks;
    int block_first = static_cast<int>(blockIdx.x % blocks) * call.rows;
    int first = block_first + warp_of_block() * 16;

    Rows<T, HEAD> own;
    own_rows(shared, head_of(call, Q, problem, q), own, block_first, call.queries, call.rows, call.width);
    __syncthreads();
    Softmax<T> softmax;
    float sums[HEAD / 8][4];
    clear(sums);
    for_tiles<T, HEAD>(
        shared, head_of(call, K, problem, k), head_of(call, V, problem, v), call.keys, call.width, [](int, int) {},
        [&](int, int count, const T *keys, const T *values, int) {
            if (first >= call.queries) {
                return;
            }
            int columns = (count + 15) / 16 * 16;
            float scores[TILE<T> / 8][4];
            clear(scores);
            multiply_transposed(scores, own, keys, STRIDE<T, HEAD>, columns);
            float2 factors = softmax.add(scores, count, call.scale);
#pragma unroll
            for (int j = 0; j < HEAD / 8; j++) {
                sums[j][0] *= factors.x;
                sums[j][1] *= factors.x;
                sums[j][2] *= factors.y;
                sums[j][3] *= factors.y;
            }
            Rows<T, TILE<T>> probabilities;
            round_rows(probabilities, scores);
            multiply(sums, probabilities, values, STRIDE<T, HEAD>, columns);
        });
    __syncthreads();
    if (first >= call.queries) {
        return;
    }
    float factors[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float sum = warp_sum<4>(softmax.sum[half]);
        factors[half] = 1.0f / sum;
        int row = first + sum_row(half);
        if (lane_of_warp() % 4 == 0 && row < call.queries) {
            log_sum_exp[problem * call.queries + row] = softmax.base[half] + logf(sum);
        }
    }
    store_rows<T, HEAD>(row_of(call, OUT, problem, out, first), call.layouts[OUT].row, is_packed(call, OUT), shared, sums, factors,
                        call.queries - first, call.width);
}

// Columns of scores that a warp has at a time in the backward pass: what the registers allow.
constexpr int CHUNK = 16;

// Gradients of 16 keys and values per warp.
template <class T, int HEAD>
__device__ __forceinline__ void backward_keys(const AttentionCall &call, i64 problem, int block_first, T *grad_k, T *grad_v,
                                              const T *grad_out, const T *q, const T *k, const T *v,
                                              const float *log_sum_exp, const float *delta) {
    S2D_SHARED(T, shared);                                                           // [2][2][TILE][HEAD]
    float *rows_of_tiles = reinterpret_cast<float *>(shared + 4 * TILE<T> * STRIDE<T, HEAD>);  // [2][2][TILE]
    int first = block_first + warp_of_block() * 16;
    Rows<T, HEAD> own_keys;
    Rows<T, HEAD> own_values;
    Matrix<T> keys = head_of(call, K, problem, k);
    Matrix<T> values = head_of(call, V, problem, v);
    own_rows(shared, keys, values, own_keys, own_values, block_first, call.keys, call.rows, call.width);
    float to_keys[HEAD / 8][4];
    float to_values[HEAD / 8][4];
    clear(to_keys);
    clear(to_values);
    for_tiles<T, HEAD>(
        shared, head_of(call, Q, problem, q), head_of(call, GRAD_OUT, problem, grad_out), call.queries, call.width,
        [&](int tile, int buffer) {
            for (int i = threadIdx.x; i < 2 * TILE<T>; i += blockDim.x) {
                int row = tile + i % TILE<T>;
                const float *from = (i < TILE<T> ? log_sum_exp : delta) + problem * call.queries;
                rows_of_tiles[2 * TILE<T> * buffer + i] = row < call.queries ? from[row] : 0.0f;
            }
        },
        [&](int, int count, const T *queries, const T *grads, int buffer) {
            if (first >= call.keys) {
                return;
            }
            for (int column = 0; column < count; column += CHUNK) {
                const float *sums_of = rows_of_tiles + 2 * TILE<T> * buffer + column;
                int columns = min(CHUNK, (count - column + 15) / 16 * 16);
                float scores[CHUNK / 8][4];
                float gradients[CHUNK / 8][4];
                clear(scores);
                clear(gradients);
                const T *some_queries = queries + column * STRIDE<T, HEAD>;
                const T *some_grads = grads + column * STRIDE<T, HEAD>;
                multiply_own(scores, own_keys, keys, first, call.keys, call.width, some_queries, columns);
                multiply_own(gradients, own_values, values, first, call.keys, call.width, some_grads, columns);
#pragma unroll
                for (int j = 0; j < CHUNK / 8; j++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        int at = sum_column(j) + i % 2;
                        bool inside = column + at < count;
                        float p = inside ? probability<T>(scores[j][i], call.scale, sums_of[at]) : 0.0f;
                        scores[j][i] = p;
                        gradients[j][i] = inside ? score_gradient(call, p, gradients[j][i], sums_of[TILE<T> + at]) : 0.0f;
                    }
                }
                Rows<T, CHUNK> left;
                round_rows(left, scores);
                multiply(to_values, left, some_grads, STRIDE<T, HEAD>, columns);
                round_rows(left, gradients);
                multiply(to_keys, left, some_queries, STRIDE<T, HEAD>, columns);
            }
        });
    __syncthreads();
    int rows = first < call.keys ? call.keys - first : 0;
    const float scaled[2] = {call.scale, call.scale};
    const float plain[2] = {1.0f, 1.0f};
    store_rows<T, HEAD>(row_of(call, GRAD_K, problem, grad_k, first), call.layouts[GRAD_K].row, is_packed(call, GRAD_K), shared,
                        to_keys, scaled, rows, call.width);
    store_rows<T, HEAD>(row_of(call, GRAD_V, problem, grad_v, first), call.layouts[GRAD_V].row, is_packed(call, GRAD_V), shared,
                        to_values, plain, rows, call.width);
}

// Gradients of 16 queries per warp.
template <class T, int HEAD>
__device__ __forceinline__ void backward_queries(const AttentionCall &call, i64 problem, int block_first, T *grad_q,
                                                 const T *grad_out, const T *q, const T *k, const T *v,
                                                 const float *log_sum_exp, const float *delta) {
    S2D_SHARED(T, shared);  // [2][2][TILE][HEAD]
    int first = block_first + warp_of_block() * 16;
    Rows<T, HEAD> own_queries;
    Rows<T, HEAD> own_grads;
    Matrix<T> queries = head_of(call, Q, problem, q);
    Matrix<T> grads = head_of(call, GRAD_OUT, problem, grad_out);
    own_rows(shared, queries, grads, own_queries, own_grads, block_first, call.queries, call.rows, call.width);
    float own_sums[2];
    float own_deltas[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        int row = first + sum_row(half);
        own_sums[half] = row < call.queries ? log_sum_exp[problem * call.queries + row] : 0.0f;
        own_deltas[half] = row < call.queries ? delta[problem * call.queries + row] : 0.0f;
    }
    float to_queries[HEAD / 8][4];
    clear(to_queries);
    for_tiles<T, HEAD>(
        shared, head_of(call, K, problem, k), head_of(call, V, problem, v), call.keys, call.width, [](int, int) {},
        [&](int, int count, const T *keys, const T *values, int) {
            if (first >= call.queries) {
                return;
            }
            for (int column = 0; column < count; column += CHUNK) {
                int columns = min(CHUNK, (count - column + 15) / 16 * 16);
                float scores[CHUNK / 8][4];
                float gradients[CHUNK / 8][4];
                clear(scores);
                clear(gradients);
                const T *some_keys = keys + column * STRIDE<T, HEAD>;
                const T *some_values = values + column * STRIDE<T, HEAD>;
                multiply_own(scores, own_queries, queries, first, call.queries, call.width, some_keys, columns);
                multiply_own(gradients, own_grads, grads, first, call.queries, call.width, some_values, columns);
#pragma unroll
                for (int j = 0; j < CHUNK / 8; j++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        bool inside = column + sum_column(j) + i % 2 < count;
                        float p = probability<T>(scores[j][i], call.scale, own_sums[i / 2]);
                        gradients[j][i] = inside ? score_gradient(call, p, gradients[j][i], own_deltas[i / 2]) : 0.0f;
                    }
                }
                Rows<T, CHUNK> left;
                round_rows(left, gradients);
                multiply(to_queries, left, some_keys, STRIDE<T, HEAD>, columns);
            }
        });
    __syncthreads();
    if (first >= call.queries) {
        return;
    }
    const float scaled[2] = {call.scale, call.scale};
    store_rows<T, HEAD>(row_of(call, GRAD_Q, problem, grad_q, first), call.layouts[GRAD_Q].row, is_packed(call, GRAD_Q), shared,
                        to_queries, scaled, call.queries - first, call.width);
}

// grid: blocks of keys and of queries, then heads
template <class T, int HEAD>
__device__ __forceinline__ void backward(const AttentionCall &call, T *grad_q, T *grad_k, T *grad_v, const T *grad_out,
                                         const T *q, const T *k, const T *v, const float *log_sum_exp, const float *delta) {
    int key_blocks = (call.keys + call.rows - 1) / call.rows;
    int blocks = key_blocks + (call.queries + call.rows - 1) / call.rows;
    i64 problem = blockIdx.x / blocks;
    int block = blockIdx.x % blocks;
    if (block < key_blocks) {
        backward_keys<T, HEAD>(call, problem, block * call.rows, grad_k, grad_v, grad_out, q, k, v, log_sum_exp, delta);
    } else {
        backward_queries<T, HEAD>(call, problem, (block - key_blocks) * call.rows, grad_q, grad_out, q, k, v, log_sum_exp, delta);
    }
}

// delta [B1, B2, H, S] = sum over d (grad_out * out), which is the sum over keys of probability times its gradient: 8 lanes
// per row.
constexpr int DELTA_THREADS = 256;
constexpr int DELTA_LANES = 8;

template <class T>
__device__ __forceinline__ void backward_delta(const AttentionCall &call, float *delta, const T *grad_out, const T *out, i64 rows) {
    i64 row = (static_cast<i64>(blockIdx.x) * DELTA_THREADS + threadIdx.x) / DELTA_LANES;
    int lane = threadIdx.x % DELTA_LANES;
    float sum = 0.0f;
    if (row < rows) {
        i64 problem = row / call.queries;
        int position = static_cast<int>(row % call.queries);
        const T *x = row_of(call, GRAD_OUT, problem, grad_out, position);
        const T *y = row_of(call, OUT, problem, out, position);
        if (is_packed(call, GRAD_OUT) && is_packed(call, OUT)) {
            constexpr int PACK = PER_16_BYTES<T>;
            for (int column = lane * PACK; column < call.width; column += DELTA_LANES * PACK) {
                float a[PACK];
                float b[PACK];
                load_pack(x + column, a);
                load_pack(y + column, b);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    sum = fmaf(a[i], b[i], sum);
                }
            }
        } else {
            for (int column = lane; column < call.width; column += DELTA_LANES) {
                sum = fmaf(load(x + column), load(y + column), sum);
            }
        }
    }
    sum = warp_sum<DELTA_LANES>(sum);
    if (lane == 0 && row < rows) {
        delta[row] = sum;
    }
}

}  // namespace

#define ATTENTION(TYPE, T, HEAD)                                                                                           \
    extern "C" __global__ void __launch_bounds__(MAX_THREADS<T>, HEAD > 64 ? 1 : 2) attention_forward_##TYPE##_##HEAD(    \
        AttentionCall call, T *out, float *log_sum_exp, const T *q, const T *k, const T *v) {                             \
        forward<T, HEAD>(call, out, log_sum_exp, q, k, v);                                                                 \
    }                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(MAX_BACKWARD_THREADS<T>, HEAD > 64 ? 1 : 2) attention_backward_##TYPE##_##HEAD( \
        AttentionCall call, T *grad_q, T *grad_k, T *grad_v, const T *grad_out, const T *q, const T *k, const T *v,        \
        const float *log_sum_exp, const float *delta) {                                                                    \
        backward<T, HEAD>(call, grad_q, grad_k, grad_v, grad_out, q, k, v, log_sum_exp, delta);                            \
    }

#define ATTENTION_OF_TYPE(TYPE, T)                                                                                         \
    ATTENTION(TYPE, T, 32)                                                                                                 \
    ATTENTION(TYPE, T, 64)                                                                                                 \
    ATTENTION(TYPE, T, 128)                                                                                                \
    extern "C" __global__ void __launch_bounds__(DELTA_THREADS) attention_backward_##TYPE##_delta(                         \
        AttentionCall call, float *delta, const T *grad_out, const T *out, i64 rows) {                                     \
        backward_delta(call, delta, grad_out, out, rows);                                                                  \
    }

ATTENTION_OF_TYPE(f32, float)
ATTENTION_OF_TYPE(bf16, bf16)
ATTENTION_OF_TYPE(f16, f16)
