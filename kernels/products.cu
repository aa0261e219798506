// Matrix products out = act(left right + bias) + residual, added to what is there if wanted: for machines without cuBLAS, and on
// the emulator. Gradients of a product are products of transposed views, so there is one kernel. A second one does what cuBLAS
// leaves of the epilogue.
//
// The trick: any strides. A tile of the right operand goes into shared memory with its columns as rows, read along whichever
// dimension has neighbours in memory; from there every layout is the same product of warp tiles.

#include "common/gelu.cuh"
#include "common/tiles.cuh"

namespace {

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / WARP;
constexpr int M_TILES = 2;
constexpr int TILE_M = WARPS * M_TILES * 16;
constexpr int TILE_N = 64;
constexpr int TILE_K = 32;

// Strides in elements.
struct Matrix {
    i64 batch, row, column;
};

// MatrixProduct writes the same bytes.
struct Product {
    int m, n, k;
    int out_type, bias_type, residual_type;  // bias and residual: only where their addresses are not null
    int left_packed, right_packed;           // rows of 16 bytes along k, as load_tile wants them
    int gelu, accumulate;
    i64 batches;
    i64 bias_stride, bias_batch;             // of one matrix, and from matrix to matrix
    Matrix left, right, out, residual;
};

struct Epilogue {
    const Product &product;
    void *out;
    const void *bias;
    const void *residual;

    __device__ __forceinline__ void store(i64 batch, int row, int column, float value) const {
        if (bias != nullptr) {
            value += load_any(bias, batch * product.bias_batch + column * product.bias_stride, product.bias_type);
        }
        if (product.gelu) {
            value = gelu(value);
        }
        if (residual != nullptr) {
            const Matrix &at = product.residual;
            value += load_any(residual, batch * at.batch + row * at.row + column * at.column, product.residual_type);
        }
        i64 to = batch * product.out.batch + row * product.out.row + column * product.out.column;
        if (product.accumulate) {
            value += load_any(out, to, product.out_type);
        }
        store_any(out, to, product.out_type, value);
    }
};

// grid: tiles of n, then of m, then batches
template <class T>
__device__ __forceinline__ void multiply_matrices(const Product &product, const T *left, const T *right, const Epilogue &epilogue) {
    S2D_SHARED(T, left_tile);                                // [TILE_M][TILE_K]
    T *right_tile = left_tile + TILE_M * STRIDE<T, TILE_K>;  // [TILE_N][TILE_K]
    i64 across = (product.n + TILE_N - 1) / TILE_N;
    i64 down = (product.m + TILE_M - 1) / TILE_M;
    int first_n = static_cast<int>(blockIdx.x % across) * TILE_N;
    int first_m = static_cast<int>(blockIdx.x / across % down) * TILE_M;
    i64 batch = blockIdx.x / (across * down);
    left += batch * product.left.batch + first_m * product.left.row;
    right += batch * product.right.batch + first_n * product.right.column;

    const T *own_rows = left_tile + warp_of_block() * M_TILES * 16 * STRIDE<T, TILE_K>;
    float sums[M_TILES][TILE_N / 8][4];
    for (int m = 0; m < M_TILES; m++) {
        clear(sums[m]);
    }
    for (int k = 0; k < product.k; k += TILE_K) {
        load_tile<T, TILE_K>(left_tile, left + k * product.left.column, product.left.row, product.left.column,
                             product.m - first_m, product.k - k, TILE_M, product.left_packed);
        load_tile<T, TILE_K>(right_tile, right + k * product.right.row, product.right.column, product.right.row,
                             product.n - first_n, product.k - k, TILE_N, product.right_packed);
        async_commit();
        async_wait<0>();
        __syncthreads();
        Rows<T, TILE_K> rows[M_TILES];
#pragma unroll
        for (int m = 0; m < M_TILES; m++) {
            load_rows(rows[m], own_rows + m * 16 * STRIDE<T, TILE_K>, STRIDE<T, TILE_K>);
        }
        multiply_transposed(sums, rows, right_tile, STRIDE<T, TILE_K>);
        __syncthreads();
    }
#pragma unroll
    for (int i = 0; i < M_TILES * TILE_N / 8 * 4; i++) {
        int m = i / (TILE_N / 8 * 4);
        int j = i / 4 % (TILE_N / 8);
        int row = first_m + (warp_of_block() * M_TILES + m) * 16 + sum_row(i % 4 / 2);
        int column = first_n + sum_column(j) + i % 2;
        if (row < product.m && column < product.n) {
            epilogue.store(batch, row, column, sums[m][j][i % 4]);
        }
    }
}

}  // namespace

#define MULTIPLY(NAME, T)                                                                                              \
    extern "C" __global__ void __launch_bounds__(THREADS, 2) \
        NAME(Product product, void *out, const T *left, const T *right, const void *bias, const void *residual) {      \
        multiply_matrices(product, left, right, Epilogue{product, out, bias, residual});                               \
    }

MULTIPLY(products_forward_f32, float)
MULTIPLY(products_forward_bf16, bf16)
MULTIPLY(products_forward_f16, f16)

// out = act(in + bias) + residual with in [batches, m, n] contiguous, of any type; it may be `out`. Threads take turns.
extern "C" __global__ void __launch_bounds__(THREADS)
    products_forward_any_epilogue(Product product, void *out, const void *in, const void *bias, const void *residual, int in_type) {
    Epilogue epilogue{product, out, bias, residual};
    i64 count = product.batches * product.m * product.n;
    i64 step = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += step) {
        i64 row = i / product.n;
        float sum = load_any(in, i, in_type);
        epilogue.store(row / product.m, static_cast<int>(row % product.m), static_cast<int>(i % product.n), sum);
    }
}
