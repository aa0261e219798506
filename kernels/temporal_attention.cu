// Attention over short sequences of which there are very many, as over time in the temporal adapter: up to 32 frames, heads of 8,
// 16, 24 or 32 elements that lie side by side, forward and backward. Any [B1, B2, S, H, d] views; in the token layout
// [B, T, N, H d] B2 is N, and nothing is transposed in memory.
//
// The trick: a block takes one sequence with all its heads, so that every access to memory is to a whole row of H d elements,
// and a warp takes one head, whose scores are a tile or two of registers. Memory bandwidth is the limit, and everything is read
// and written once: the backward pass computes the softmax again, in both orientations, instead of keeping or moving anything.

#include "common/scores.cuh"

namespace {

constexpr int MAX_HEADS = 8;  // of a block
constexpr int THREADS = MAX_HEADS * WARP;
constexpr int HEAD = 32;

// One sequence and a group of heads in shared memory: for each operand `rows` frames of `columns` elements.
template <class T>
struct Site {
    const AttentionCall &call;
    i64 problem;  // of the first head
    int heads;
    int columns;
    int rows;    // frames, rounded up to 16
    int stride;  // an odd number of 16 bytes, so that rows lie in different banks
    int bytes;   // elements of an operand; some columns beyond the last row are read

    __device__ __forceinline__ explicit Site(const AttentionCall &call) : call(call) {
        int groups = (call.heads + call.rows - 1) / call.rows;
        int first = static_cast<int>(blockIdx.x % groups) * call.rows;
        problem = static_cast<i64>(blockIdx.x / groups) * call.heads + first;
        heads = min(call.rows, call.heads - first);
        columns = heads * call.width;
        rows = (call.queries + 15) / 16 * 16;
        stride = (call.rows * call.width / PER_16_BYTES<T> | 1) * PER_16_BYTES<T>;
        bytes = rows * stride + 8;
    }

    __device__ __forceinline__ void copy_in(T *shared, Operand operand, const T *from) const {
        int packs = columns / PER_16_BYTES<T>;
        from += head_start(call, operand, problem);
        for (int i = threadIdx.x; i < rows * packs; i += blockDim.x) {
            int row = i / packs;
            int column = i % packs * PER_16_BYTES<T>;
            bool inside = row < call.queries;
            const T *at = inside ? from + row * call.layouts[operand].row + column : from;
            async_copy_16(shared + row * stride + column, at, inside ? 16 : 0);
        }
    }

    __device__ __forceinline__ void copy_out(T *to, Operand operand, const T *shared) const {
        int packs = columns / PER_16_BYTES<T>;
        to += head_start(call, operand, problem);
        for (int i = threadIdx.x; i < call.queries * packs; i += blockDim.x) {
            int row = i / packs;
            int column = i % packs * PER_16_BYTES<T>;
            store_16_bytes(to + row * call.layouts[operand].row + column, load_16_bytes(shared + row * stride + column));
        }
    }

    // A warp's 16 rows of its head.
    __device__ __forceinline__ void write(T *head, const float (&sums)[HEAD / 8][4], const float (&factors)[2]) const {
#pragma unroll
        for (int j = 0; j < HEAD / 8; j++) {
            if (8 * j >= call.width) {
                break;
            }
#pragma unroll
            for (int i = 0; i < 4; i++) {
                store(head + sum_row(i / 2) * stride + sum_column(j) + i % 2, sums[j][i] * factors[i / 2]);
            }
        }
    }
};

__device__ __forceinline__ void wait_for_all() {
    async_commit();
    async_wait<0>();
    __syncthreads();
}

// TILES of 16 frames; grid: groups of heads, then sequences
template <class T, int TILES>
__device__ __forceinline__ void
forward(const AttentionCall &call, T *out, float *log_sum_exp, const T *q, const T *k, const T *v) {
    S2D_SHARED(T, queries);  // [3][rows][columns]
    Site<T> site(call);
    T *keys = queries + site.bytes;
    T *values = keys + site.bytes;
    site.copy_in(queries, Q, q);
    site.copy_in(keys, K, k);
    site.copy_in(values, V, v);
    wait_for_all();

    int warp = warp_of_block();
    int column = warp * call.width;
    bool active = warp < site.heads;
    Rows<T, HEAD> own[TILES];
    if (active) {
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            if (16 * tile < call.queries) {
                load_rows(own[tile], queries + 16 * tile * site.stride + column, site.stride, call.width);
            }
        }
    }
    __syncthreads();  // from here on the queries' place is for the result
    if (active) {
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            if (16 * tile >= call.queries) {
                break;
            }
            float scores[2 * TILES][4];
            float sums[HEAD / 8][4];
            clear(scores);
            clear(sums);
            multiply_transposed(scores, own[tile], keys + column, site.stride, site.rows, call.width);
            Softmax<T> softmax;
            softmax.add(scores, call.keys, call.scale);
            Rows<T, 16 * TILES> probabilities;
            round_rows(probabilities, scores);
            multiply(sums, probabilities, values + column, site.stride, site.rows, call.width);
            float factors[2];
#pragma unroll
            for (int half = 0; half < 2; half++) {
                float sum = warp_sum<4>(softmax.sum[half]);
                factors[half] = 1.0f / sum;
                int row = 16 * tile + sum_row(half);
                if (lane_of_warp() % 4 == 0 && row < call.queries) {
                    log_sum_exp[(site.problem + warp) * call.queries + row] = softmax.base[half] + logf(sum);
                }
            }
            site.write(queries + 16 * tile * site.stride + column, sums, factors);
        }
    }
    __syncthreads();
    site.copy_out(out, OUT, queries);
}

// What a lane knows of its rows of 16 queries: exp(score - base) * factor is the probability, delta the sum over keys of
// probability times gradient.
template <class T>
struct Statistics {
    float base[2];
    float factor[2];
    float delta[2];

    // From a softmax and the gradients of its probabilities; turns these into gradients of the scores.
    template <int N>
    __device__ __forceinline__ void
    find(const AttentionCall &call, const Softmax<T> &softmax, const float (&exponentials)[N][4], float (&gradients)[N][4]) {
        delta[0] = delta[1] = 0.0f;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            base[half] = softmax.base[half] == -S2D_INFINITY ? 0.0f : softmax.base[half];
            factor[half] = 1.0f / warp_sum<4>(softmax.sum[half]);
        }
#pragma unroll
        for (int j = 0; j < N; j++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (sum_column(j) + i % 2 < call.keys) {
                    delta[i / 2] = fmaf(exponentials[j][i] * factor[i / 2], gradients[j][i], delta[i / 2]);
                }
            }
        }
        delta[0] = warp_sum<4>(delta[0]);
        delta[1] = warp_sum<4>(delta[1]);
#pragma unroll
        for (int j = 0; j < N; j++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                bool inside = sum_column(j) + i % 2 < call.keys;
                float p = exponentials[j][i] * factor[i / 2];
                gradients[j][i] = inside ? score_gradient(call, p, gradients[j][i], delta[i / 2]) : 0.0f;
            }
        }
    }

    // Those of query 8 half + 2 pair + element, which other lanes have: for scores with queries as columns.
    __device__ __forceinline__ Statistics of_column(int half, int element) const {
        int lane = 4 * (2 * (lane_of_warp() % 4) + element);
        Statistics result;
        result.base[0] = __shfl_sync(ALL_LANES, base[half], lane);
        result.factor[0] = __shfl_sync(ALL_LANES, factor[half], lane);
        result.delta[0] = __shfl_sync(ALL_LANES, delta[half], lane);
        return result;
    }
};

// A head's operands in shared memory, at its first column.
template <class T>
struct Head {
    const T *queries, *keys, *values, *grads;
};

// Gradient of 16 queries, and their statistics.
template <class T, int TILES>
__device__ __forceinline__ void
backward_queries(const Site<T> &site, const Head<T> &head, int tile, Statistics<T> &statistics, float (&sums)[HEAD / 8][4]) {
    const AttentionCall &call = site.call;
    float scores[2 * TILES][4];
    float gradients[2 * TILES][4];
    clear(scores);
    clear(gradients);
    Rows<T, HEAD> own;
    load_rows(own, head.queries + 16 * tile * site.stride, site.stride, call.width);
    multiply_transposed(scores, own, head.keys, site.stride, site.rows, call.width);
    load_rows(own, head.grads + 16 * tile * site.stride, site.stride, call.width);
    multiply_transposed(gradients, own, head.values, site.stride, site.rows, call.width);
    Softmax<T> softmax;
    softmax.add(scores, call.keys, call.scale);
    statistics.find(call, softmax, scores, gradients);
    Rows<T, 16 * TILES> left;
    round_rows(left, gradients);
    multiply(sums, left, head.keys, site.stride, site.rows, call.width);
}

// What 16 queries add to the gradients of 16 keys and values.
template <class T>
__device__ __forceinline__ void backward_keys(const Site<T> &site, const Head<T> &head, int key_tile, int tile,
                                              const Statistics<T> &statistics, float (&to_keys)[HEAD / 8][4],
                                              float (&to_values)[HEAD / 8][4]) {
    const AttentionCall &call = site.call;
    const T *queries = head.queries + 16 * tile * site.stride;
    const T *grads = head.grads + 16 * tile * site.stride;
    float scores[2][4];
    float gradients[2][4];
    clear(scores);
    clear(gradients);
    Rows<T, HEAD> own;
    load_rows(own, head.keys + 16 * key_tile * site.stride, site.stride, call.width);
    multiply_transposed(scores, own, queries, site.stride, 16, call.width);
    load_rows(own, head.values + 16 * key_tile * site.stride, site.stride, call.width);
    multiply_transposed(gradients, own, grads, site.stride, 16, call.width);
#pragma unroll
    for (int j = 0; j < 2; j++) {
#pragma unroll
        for (int element = 0; element < 2; element++) {
            Statistics<T> of = statistics.of_column(j, element);
            bool inside = 16 * tile + sum_column(j) + element < call.queries;
#pragma unroll
            for (int i = element; i < 4; i += 2) {
                float p = inside ? probability<T>(scores[j][i], call.scale, of.base[0]) * of.factor[0] : 0.0f;
                scores[j][i] = p;
                gradients[j][i] = inside ? score_gradient(call, p, gradients[j][i], of.delta[0]) : 0.0f;
            }
        }
    }
    Rows<T, 16> left;
    round_rows(left, scores);
    multiply(to_values, left, grads, site.stride, 16, call.width);
    round_rows(left, gradients);
    multiply(to_keys, left, queries, site.stride, 16, call.width);
}

// TILES of 16 frames; grid: groups of heads, then sequences
template <class T, int TILES>
__device__ __forceinline__ void backward(const AttentionCall &call, T *grad_q, T *grad_k, T *grad_v, const T *grad_out,
                                         const T *q, const T *k, const T *v) {
    S2D_SHARED(T, queries);  // [4][rows][columns]
    Site<T> site(call);
    T *keys = queries + site.bytes;
    T *values = keys + site.bytes;
    T *grads = values + site.bytes;
    site.copy_in(queries, Q, q);
    site.copy_in(keys, K, k);
    site.copy_in(values, V, v);
    site.copy_in(grads, GRAD_OUT, grad_out);
    wait_for_all();

    int column = warp_of_block() * call.width;
    bool active = warp_of_block() < site.heads;
    Head<T> head{queries + column, keys + column, values + column, grads + column};
    Statistics<T> statistics[TILES];
    float to_queries[TILES][HEAD / 8][4];
    float to_keys[TILES][HEAD / 8][4];
    float to_values[TILES][HEAD / 8][4];
#pragma unroll
    for (int tile = 0; tile < TILES; tile++) {
        clear(to_queries[tile]);
        clear(to_keys[tile]);
        clear(to_values[tile]);
        if (active && 16 * tile < call.queries) {
            backward_queries<T, TILES>(site, head, tile, statistics[tile], to_queries[tile]);
        }
    }
#pragma unroll
    for (int i = 0; i < TILES * TILES; i++) {
        int tile = i % TILES;
        if (active && 16 * (i / TILES) < call.queries && 16 * tile < call.queries) {
            backward_keys(site, head, i / TILES, tile, statistics[tile], to_keys[i / TILES], to_values[i / TILES]);
        }
    }
    __syncthreads();  // from here on the operands' places are for the results
    if (active) {
        const float scaled[2] = {call.scale, call.scale};
        const float plain[2] = {1.0f, 1.0f};
#pragma unroll
        for (int tile = 0; tile < TILES; tile++) {
            if (16 * tile < call.queries) {
                int at = 16 * tile * site.stride + column;
                site.write(queries + at, to_queries[tile], scaled);
                site.write(keys + at, to_keys[tile], scaled);
                site.write(values + at, to_values[tile], plain);
            }
        }
    }
    __syncthreads();
    site.copy_out(grad_q, GRAD_Q, queries);
    site.copy_out(grad_k, GRAD_K, keys);
    site.copy_out(grad_v, GRAD_V, values);
}

}  // namespace

#define TEMPORAL(TYPE, T, FRAMES)                                                                                          \
    extern "C" __global__ void __launch_bounds__(THREADS, 32 / FRAMES) temporal_attention_forward_##TYPE##_##FRAMES(       \
        AttentionCall call, T *out, float *log_sum_exp, const T *q, const T *k, const T *v) {                             \
        forward<T, FRAMES / 16>(call, out, log_sum_exp, q, k, v);                                                          \
    }                                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS, 32 / FRAMES) temporal_attention_backward_##TYPE##_##FRAMES(      \
        AttentionCall call, T *grad_q, T *grad_k, T *grad_v, const T *grad_out, const T *q, const T *k, const T *v) {      \
        backward<T, FRAMES / 16>(call, grad_q, grad_k, grad_v, grad_out, q, k, v);                                         \
    }

TEMPORAL(f32, float, 16)
TEMPORAL(f32, float, 32)
TEMPORAL(bf16, bf16, 16)
TEMPORAL(bf16, bf16, 32)
TEMPORAL(f16, f16, 16)
TEMPORAL(f16, f16, 32)
