// Products of one warp on tiles in shared memory, in one form for all element types. The left operand, 16 rows for each of M
// tiles, and the sums are in registers; the right operand is read from shared memory once for all M tiles.
//
// The trick: sums lie in the lanes as mma.sync leaves them, whatever the type, so that the code around the products (softmax,
// masks, stores) is written once. For bf16 and f16 the products are tensor-core tiles. For float they are FMAs in that same
// layout: an element of the left operand comes from the lane that has it by a shuffle, and serves a whole row of sums.
//
// With group = lane / 4 and pair = lane % 4 sums[j] has columns 8 j + 2 pair, + 1 of row group in [0], [1] and of row group + 8
// in [2], [3]. All 32 lanes must call. Rows in shared memory have STRIDE<T, K> elements: they are aligned to 16 bytes, and
// eight of them lie in different banks.
#pragma once

#include "common/async.cuh"
#include "common/mma.cuh"
#include "common/warp.cuh"

// Elements of T that are 16 bytes lie between the end of a row of K elements and the next row.
template <class T, int K>
constexpr int STRIDE = K + PER_16_BYTES<T>;

// 16 rows of K elements, in the form of a left operand.
template <class T, int K>
struct Rows {
    u32 words[K / 16][4];
};

template <int K>
struct Rows<float, K> {
    float values[K / 8][4];
};

template <int N>
__device__ __forceinline__ void clear(float (&sums)[N][4]) {
#pragma unroll
    for (int j = 0; j < N; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sums[j][i] = 0.0f;
        }
    }
}

// Where sums[j][i] of this lane are: row sum_row(i / 2), column sum_column(j) + i % 2.
__device__ __forceinline__ int sum_row(int half) { return lane_of_warp() / 4 + 8 * half; }

__device__ __forceinline__ int sum_column(int j) { return 8 * j + 2 * (lane_of_warp() % 4); }

// From 16 rows in shared memory. Only `width` elements of each, a multiple of 8, count; the rest becomes zero.

template <class T, int K>
__device__ __forceinline__ void load_rows(Rows<T, K> &rows, const T *shared, int stride, int width = K) {
    int lane = lane_of_warp();
    const T *row = shared + (lane % 16) * stride + lane / 16 * 8;
#pragma unroll
    for (int step = 0; step < K / 16; step++) {
        u32(&words)[4] = rows.words[step];
        if (16 * step < width) {
            ldmatrix_x4(words, row + 16 * step);
        } else {
            words[0] = words[1] = 0;
        }
        if (16 * step + 8 >= width) {
            words[2] = words[3] = 0;
        }
    }
}

template <int K>
__device__ __forceinline__ void load_rows(Rows<float, K> &rows, const float *shared, int stride, int width = K) {
#pragma unroll
    for (int j = 0; j < K / 8; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            rows.values[j][i] = 8 * j < width ? shared[sum_row(i / 2) * stride + sum_column(j) + i % 2] : 0.0f;
        }
    }
}

// Sums become a left operand, rounded to T.

template <class T, int K>
__device__ __forceinline__ void round_rows(Rows<T, K> &rows, const float (&sums)[K / 8][4]) {
#pragma unroll
    for (int step = 0; step < K / 16; step++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float(&from)[4] = sums[2 * step + i / 2];
            rows.words[step][i] = pack2<T>(from[i % 2 * 2], from[i % 2 * 2 + 1]);
        }
    }
}

template <int K>
__device__ __forceinline__ void round_rows(Rows<float, K> &rows, const float (&sums)[K / 8][4]) {
#pragma unroll
    for (int j = 0; j < K / 8; j++) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            rows.values[j][i] = sums[j][i];
        }
    }
}

// sums[M][16, N] += rows[M][16, K] right^T with right [N, K] in shared memory. Only the first `columns` of N, a multiple of 16,
// are computed, and only `width` of K, a multiple of 8, count.

template <class T, int M, int N, int K>
__device__ __forceinline__ void multiply_transposed(
    float (&sums)[M][N][4], const Rows<T, K> (&rows)[M], const T *right, int stride, int columns = 8 * N, int width = K) {
    int lane = lane_of_warp();
    const T *from = right + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8;
#pragma unroll
    for (int step = 0; step < K / 16; step++) {
        if (16 * step >= width) {
            break;
        }
#pragma unroll
        for (int j = 0; j < N; j += 2) {
            if (8 * j >= columns) {
                break;
            }
            u32 words[4];
            ldmatrix_x4(words, from + 8 * j * stride + 16 * step);
            bool half = 16 * step + 8 >= width;
            const u32 first[2] = {words[0], half ? 0 : words[1]};
            const u32 second[2] = {words[2], half ? 0 : words[3]};
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma_16x8x16<T>(sums[m][j], rows[m].words[step], first, sums[m][j]);
                mma_16x8x16<T>(sums[m][j + 1], rows[m].words[step], second, sums[m][j + 1]);
            }
        }
    }
}

// Elements k and k + 1, for an even k, of this lane's two rows: x[0], x[1] and y[0], y[1].
struct RowPair {
    float x[2], y[2];
};

template <int K>
__device__ __forceinline__ RowPair row_elements(const Rows<float, K> &rows, int k) {
    const float(&values)[4] = rows.values[k / 8];
    float4 pair =
        shuffle_from(make_float4(values[0], values[1], values[2], values[3]), lane_of_warp() / 4 * 4 + k % 8 / 2);
    return {{pair.x, pair.y}, {pair.z, pair.w}};
}

__device__ __forceinline__ void add_products(float (&sums)[4], const RowPair &left, int i, float right0, float right1) {
    sums[0] = fmaf(left.x[i], right0, sums[0]);
    sums[1] = fmaf(left.x[i], right1, sums[1]);
    sums[2] = fmaf(left.y[i], right0, sums[2]);
    sums[3] = fmaf(left.y[i], right1, sums[3]);
}

template <int M, int N, int K>
__device__ __forceinline__ void multiply_transposed(
    float (&sums)[M][N][4],
    const Rows<float, K> (&rows)[M],
    const float *right,
    int stride,
    int columns = 8 * N,
    int width = K) {
    const float *from = right + sum_column(0) * stride;
#pragma unroll
    for (int k = 0; k < K; k += 4) {
        if (k >= width) {
            break;
        }
        RowPair left[M][2];
#pragma unroll
        for (int i = 0; i < 2 * M; i++) {
            left[i / 2][i % 2] = row_elements(rows[i / 2], k + 2 * (i % 2));
        }
#pragma unroll
        for (int j = 0; j < N; j++) {
            if (8 * j >= columns) {
                break;
            }
            float4 right0 = *reinterpret_cast<const float4 *>(from + 8 * j * stride + k);
            float4 right1 = *reinterpret_cast<const float4 *>(from + (8 * j + 1) * stride + k);
#pragma unroll
            for (int m = 0; m < M; m++) {
                add_products(sums[m][j], left[m][0], 0, right0.x, right1.x);
                add_products(sums[m][j], left[m][0], 1, right0.y, right1.y);
                add_products(sums[m][j], left[m][1], 0, right0.z, right1.z);
                add_products(sums[m][j], left[m][1], 1, right0.w, right1.w);
            }
        }
    }
}

// sums[M][16, N] += rows[M][16, K] right with right [K, N] in shared memory. Only the first `inner` of K, a multiple of 16, count,
// and only the first `columns` of N, a multiple of 8, are wanted; up to 8 more are read.

template <class T, int M, int N, int K>
__device__ __forceinline__ void multiply(
    float (&sums)[M][N][4], const Rows<T, K> (&rows)[M], const T *right, int stride, int inner = K, int columns = 8 * N) {
    int lane = lane_of_warp();
    const T *from = right + (lane % 16) * stride + lane / 16 * 8;
#pragma unroll
    for (int step = 0; step < K / 16; step++) {
        if (16 * step >= inner) {
            break;
        }
#pragma unroll
        for (int j = 0; j < N; j += 2) {
            if (8 * j >= columns) {
                break;
            }
            u32 words[4];
            ldmatrix_x4_transposed(words, from + 16 * step * stride + 8 * j);
            const u32 first[2] = {words[0], words[1]};
            const u32 second[2] = {words[2], words[3]};
#pragma unroll
            for (int m = 0; m < M; m++) {
                mma_16x8x16<T>(sums[m][j], rows[m].words[step], first, sums[m][j]);
                mma_16x8x16<T>(sums[m][j + 1], rows[m].words[step], second, sums[m][j + 1]);
            }
        }
    }
}

template <int M, int N, int K>
__device__ __forceinline__ void multiply(
    float (&sums)[M][N][4],
    const Rows<float, K> (&rows)[M],
    const float *right,
    int stride,
    int inner = K,
    int columns = 8 * N) {
    const float *from = right + sum_column(0);
#pragma unroll
    for (int k = 0; k < K; k += 2) {
        if (k >= inner) {
            break;
        }
        RowPair left[M];
#pragma unroll
        for (int m = 0; m < M; m++) {
            left[m] = row_elements(rows[m], k);
        }
#pragma unroll
        for (int j = 0; j < N; j++) {
            if (8 * j >= columns) {
                break;
            }
            float2 both = *reinterpret_cast<const float2 *>(from + k * stride + 8 * j);
            float2 next = *reinterpret_cast<const float2 *>(from + (k + 1) * stride + 8 * j);
#pragma unroll
            for (int m = 0; m < M; m++) {
                add_products(sums[m][j], left[m], 0, both.x, both.y);
                add_products(sums[m][j], left[m], 1, next.x, next.y);
            }
        }
    }
}

// The same with one tile of rows.

template <class T, int N, int K>
__device__ __forceinline__ void multiply_transposed(
    float (&sums)[N][4], const Rows<T, K> &rows, const T *right, int stride, int columns = 8 * N, int width = K) {
    multiply_transposed(
        reinterpret_cast<float(&)[1][N][4]>(sums), reinterpret_cast<const Rows<T, K>(&)[1]>(rows), right, stride, columns, width);
}

template <class T, int N, int K>
__device__ __forceinline__ void
multiply(float (&sums)[N][4], const Rows<T, K> &rows, const T *right, int stride, int inner = K, int columns = 8 * N) {
    multiply(
        reinterpret_cast<float(&)[1][N][4]>(sums), reinterpret_cast<const Rows<T, K>(&)[1]>(rows), right, stride, inner, columns);
}

// A tile [count][K] in shared memory from rows in global memory, of which `rows` exist, with `width` elements each; zeros
// elsewhere. All threads of the block take part. Packed: 16 bytes at once, without waiting; then every row starts at a multiple
// of 16 bytes, its elements are neighbours, and so many are whole packs. The tile is there after async_wait and a barrier.
template <class T, int K>
__device__ __forceinline__ void load_tile(
    T *shared, const T *from, i64 row_stride, i64 column_stride, int rows, int width, int count, bool packed) {
    int threads = static_cast<int>(blockDim.x);
    if (packed) {
        constexpr int PACK = PER_16_BYTES<T>;
        for (int i = threadIdx.x; i < count * (K / PACK); i += threads) {
            int row = i / (K / PACK);
            int column = i % (K / PACK) * PACK;
            bool inside = row < rows && column < width;
            async_copy_16(shared + row * STRIDE<T, K> + column, inside ? from + row * row_stride + column : from, inside ? 16 : 0);
        }
        return;
    }
    // Neighbouring threads take neighbouring elements, whichever way these lie.
    bool down = row_stride < column_stride;
    for (int i = threadIdx.x; i < count * K; i += threads) {
        int row = down ? i % count : i / K;
        int column = down ? i / count : i % K;
        bool inside = row < rows && column < width;
        shared[row * STRIDE<T, K> + column] = inside ? from[row * row_stride + column * column_stride] : T{};
    }
}
