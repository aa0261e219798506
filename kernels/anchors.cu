// Cosine similarity of rows with one vector, and the self-distillation loss with its queue.
//
//   cosine(q, x) = q.x / (|q| |x|), norms at least EPS
//   targets: the k anchors of each class most similar to a feature; their distributions averaged with the similarities as weights
//   loss: mean over classes of the binary cross-entropy of logits and targets
//
// In double, since the gradient of a cosine near 1 is a small difference of large terms. The trick: similarities, the choice of the k best, the average and the loss stay in one block, so that
// the loss takes one launch. Small data; the launch costs more than the work.

#include "common/block.cuh"
#include "common/sigmoid.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;
constexpr double EPS = 1e-8;    // of cosine similarity, as in torch.nn.functional.cosine_similarity
constexpr double TINY = 1e-12;  // of normalisation, as in torch.nn.functional.normalize

struct Products {
    double ab, aa, bb;
};

// Inner products of two rows; every lane gets them.
__device__ __forceinline__ Products products(const void *a, i64 at_a, int type_a, const void *b, i64 at_b, int type_b, int width) {
    Products sums = {};
    for (int i = lane_of_warp(); i < width; i += WARP) {
        double x = load_any(a, at_a + i, type_a);
        double y = load_any(b, at_b + i, type_b);
        sums.ab += x * y;
        sums.aa += x * x;
        sums.bb += y * y;
    }
    return {warp_sum(sums.ab), warp_sum(sums.aa), warp_sum(sums.bb)};
}

// max(sqrt(square), bound), which lets NaN pass.
__device__ __forceinline__ double norm(double square, double bound) {
    double root = sqrt(square);
    return root < bound ? bound : root;
}

// Derivative of log |v| over v, divided by v; none where the bound holds the norm.
__device__ __forceinline__ double slope(double square) { return sqrt(square) < EPS ? 0.0 : 1.0 / square; }

// Order of similarities: NaN is the greatest, and of equals the lower index.
__device__ __forceinline__ bool better(float value, int index, float than, int than_index) {
    bool nan = value != value;
    bool than_nan = than != than;
    if (nan != than_nan) {
        return nan;
    }
    bool equal = nan || value == than;
    return equal ? index < than_index : value > than;
}

// Index of the best of `count` similarities in shared memory; every lane gets it.
__device__ __forceinline__ int best_of(const float *similarity, int count) {
    float value = -S2D_INFINITY;
    int index = count;
    for (int i = lane_of_warp(); i < count; i += WARP) {
        if (better(similarity[i], i, value, index)) {
            value = similarity[i];
            index = i;
        }
    }
    for (int step = WARP / 2; step > 0; step /= 2) {
        float other = __shfl_xor_sync(ALL_LANES, value, step);
        int other_index = __shfl_xor_sync(ALL_LANES, index, step);
        if (better(other, other_index, value, index)) {
            value = other;
            index = other_index;
        }
    }
    return index;
}

}  // namespace

// rows [R, D], x [D] -> out [R]: one warp per row.
extern "C" __global__ void __launch_bounds__(THREADS)
    cosine_forward_any(void *out, const void *rows, const void *x, int out_type, int rows_type, int x_type, i64 count, int width) {
    i64 step = static_cast<i64>(gridDim.x) * WARPS;
    for (i64 row = static_cast<i64>(blockIdx.x) * WARPS + warp_of_block(); row < count; row += step) {
        Products p = products(rows, row * width, rows_type, x, 0, x_type, width);
        if (lane_of_warp() == 0) {
            store_any(out, row, out_type, static_cast<float>(p.ab / (norm(p.aa, EPS) * norm(p.bb, EPS))));
        }
    }
}

// gradOut [R] -> gradRows [R, D] and for each row two factors [R, 2] with which it enters gradX.
extern "C" __global__ void __launch_bounds__(THREADS)
    cosine_backward_any(void *grad_rows, double *factors, const void *grad_out, const void *rows, const void *x, int grad_rows_type,
                        int grad_type, int rows_type, int x_type, i64 count, int width) {
    i64 step = static_cast<i64>(gridDim.x) * WARPS;
    for (i64 row = static_cast<i64>(blockIdx.x) * WARPS + warp_of_block(); row < count; row += step) {
        Products p = products(rows, row * width, rows_type, x, 0, x_type, width);
        double scale = load_any(grad_out, row, grad_type) / (norm(p.aa, EPS) * norm(p.bb, EPS));
        double along = scale * p.ab;
        double along_row = along * slope(p.aa);
        for (int i = lane_of_warp(); i < width; i += WARP) {
            double gradient = scale * load_any(x, i, x_type) - along_row * load_any(rows, row * width + i, rows_type);
            store_any(grad_rows, row * width + i, grad_rows_type, static_cast<float>(gradient));
        }
        if (lane_of_warp() == 0) {
            factors[2 * row] = scale;
            factors[2 * row + 1] = along * slope(p.bb);
        }
    }
}

// gradX [D] = sum over rows of factor 0 row - factor 1 x: threads (32 columns, 8 turns).
extern "C" __global__ void __launch_bounds__(THREADS)
    cosine_backward_any_vector(void *grad_x, const double *factors, const void *rows, const void *x, int grad_x_type, int rows_type,
                               int x_type, i64 count, int width) {
    S2D_SHARED(double, shared);  // [8][32]
    int column = static_cast<int>(blockIdx.x * WARP + threadIdx.x);
    double sum = 0.0;
    if (column < width) {
        double own = load_any(x, column, x_type);
        for (i64 row = threadIdx.y; row < count; row += WARPS) {
            sum += factors[2 * row] * load_any(rows, row * width + column, rows_type) - factors[2 * row + 1] * own;
        }
    }
    shared[threadIdx.y * WARP + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && column < width) {
        for (int turn = 1; turn < WARPS; turn++) {
            sum += shared[turn * WARP + threadIdx.x];
        }
        store_any(grad_x, column, grad_x_type, static_cast<float>(sum));
    }
}

// Element types; CudaLosses writes the same bytes.
struct AnchorTypes {
    int loss, target, logits, feature, queue, distribution;
};

// logits [B, C], feature [B, D], queue [C, S, D], distribution [C, S, C] -> target [B, C], loss [B]: one block per feature.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    anchors_forward_any(AnchorTypes types, void *loss, void *target, const void *logits, const void *feature, const void *queue,
                        const void *distribution, int classes, int size, int k, int width) {
    S2D_SHARED(float, similarity);                         // [C, S]
    float *weights = similarity + classes * size;          // [C, k]
    int *chosen = reinterpret_cast<int *>(weights + classes * k);  // [C, k]
    float *scratch = reinterpret_cast<float *>(chosen + classes * k);  // [WARPS]
    i64 b = blockIdx.x;
    for (int anchor = warp_of_block(); anchor < classes * size; anchor += WARPS) {
        Products p = products(feature, b * width, types.feature, queue, static_cast<i64>(anchor) * width, types.queue, width);
        if (lane_of_warp() == 0) {
            similarity[anchor] = static_cast<float>(p.ab / (norm(p.aa, TINY) * norm(p.bb, TINY)));
        }
    }
    __syncthreads();
    for (int c = warp_of_block(); c < classes; c += WARPS) {
        float *own = similarity + c * size;
        for (int rank = 0; rank < k; rank++) {
            int best = best_of(own, size);
            __syncwarp();
            if (lane_of_warp() == 0) {
                weights[c * k + rank] = own[best];
                chosen[c * k + rank] = c * size + best;
                own[best] = -S2D_INFINITY;
            }
            __syncwarp();
        }
    }
    __syncthreads();
    float own_loss = 0.0f;
    for (int c = static_cast<int>(threadIdx.x); c < classes; c += THREADS) {
        float sum = 0.0f;
        float total = 0.0f;
        for (int i = 0; i < classes * k; i++) {
            total += weights[i];
            sum = fmaf(weights[i], load_any(distribution, static_cast<i64>(chosen[i]) * classes + c, types.distribution), sum);
        }
        store_any(target, b * classes + c, types.target, sum / total);
        float x = load_any(logits, b * classes + c, types.logits);
        own_loss += fmaf(-x, sum / total, softplus(x));
    }
    own_loss = block_sum(own_loss, scratch) / classes;
    if (threadIdx.x == 0) {
        store_any(loss, b, types.loss, own_loss);
    }
}

// rows [B, D], in order, each replace the oldest anchor of their class in queue [C, S, D], oldest first; labels [B] are classes.
// Nothing happens when `factor` is not finite. A thread moves one column of one class: grid (columns / THREADS, C).
extern "C" __global__ void __launch_bounds__(THREADS)
    anchors_forward_any_push(void *queue, const void *rows, const void *labels, const double *factor, int queue_type,
                             int rows_type, int labels_type, int size, int width, int batch) {
    i64 column = blockIdx.x * THREADS + threadIdx.x;
    int label = static_cast<int>(blockIdx.y);
    if (column >= width || *factor - *factor != 0.0) {
        return;
    }
    auto is_ours = [&](int b) { return static_cast<int>(load_any(labels, b, labels_type)) == label; };
    int added = 0;
    for (int b = 0; b < batch; b++) {
        added += is_ours(b) ? 1 : 0;
    }
    i64 own = static_cast<i64>(label) * size * width + column;
    for (int row = 0; row + added < size && added > 0; row++) {
        float moved = load_any(queue, own + static_cast<i64>(row + added) * width, queue_type);
        store_any(queue, own + static_cast<i64>(row) * width, queue_type, moved);
    }
    int row = size - added;
    for (int b = 0; b < batch; b++) {
        if (is_ours(b)) {
            if (row >= 0) {
                store_any(queue, own + static_cast<i64>(row) * width, queue_type, load_any(rows, b * width + column, rows_type));
            }
            row++;
        }
    }
}
