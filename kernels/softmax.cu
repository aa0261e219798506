// Softmax and its logarithm over the last dimension of rows [rows, D], any floating types.
//
// The trick is only that of every softmax, to subtract the largest element first, so that nothing overflows. One warp per row,
// which is read again for every pass: rows are few and short here, since attention has a softmax of its own.

#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;

// Calls visit(offset of the row's first element) for each row of this warp.
template <class Visit>
__device__ __forceinline__ void for_rows(i64 rows, int width, Visit visit) {
    i64 step = static_cast<i64>(gridDim.x) * ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * ROWS + warp_of_block(); row < rows; row += step) {
        visit(row * width);
    }
}

// Sum over the row of what `element` gives for each column; every lane gets it.
template <class Element>
__device__ __forceinline__ float row_sum(int width, Element element) {
    float sum = 0.0f;
    for (int i = lane_of_warp(); i < width; i += WARP) {
        sum += element(i);
    }
    return warp_sum(sum);
}

__device__ __forceinline__ float row_max(const void *in, i64 at, int type, int width) {
    float most = -S2D_INFINITY;
    for (int i = lane_of_warp(); i < width; i += WARP) {
        most = fmaxf(most, load_any(in, at + i, type));
    }
    return warp_max(most);
}

}  // namespace

// out = exp(in - max) / sum exp(in - max)
extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_forward_any(void *out, const void *in, int out_type, int in_type, i64 rows, int width) {
    for_rows(rows, width, [&](i64 at) {
        float most = row_max(in, at, in_type, width);
        auto power = [&](int i) { return expf(load_any(in, at + i, in_type) - most); };
        float sum = row_sum(width, power);
        for (int i = lane_of_warp(); i < width; i += WARP) {
            store_any(out, at + i, out_type, power(i) / sum);
        }
    });
}

// gradIn = out (gradOut - sum(gradOut out))
extern "C" __global__ void __launch_bounds__(THREADS)
    softmax_backward_any(void *grad_in, const void *out, const void *grad_out, int in_type, int out_type, int grad_type,
                         i64 rows, int width) {
    for_rows(rows, width, [&](i64 at) {
        float dot = row_sum(width, [&](int i) { return load_any(out, at + i, out_type) * load_any(grad_out, at + i, grad_type); });
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float y = load_any(out, at + i, out_type);
            store_any(grad_in, at + i, in_type, y * (load_any(grad_out, at + i, grad_type) - dot));
        }
    });
}

// out = in - max - log sum exp(in - max)
extern "C" __global__ void __launch_bounds__(THREADS)
    log_softmax_forward_any(void *out, const void *in, int out_type, int in_type, i64 rows, int width) {
    for_rows(rows, width, [&](i64 at) {
        float most = row_max(in, at, in_type, width);
        float sum = row_sum(width, [&](int i) { return expf(load_any(in, at + i, in_type) - most); });
        float log_sum = logf(sum);
        for (int i = lane_of_warp(); i < width; i += WARP) {
            store_any(out, at + i, out_type, load_any(in, at + i, in_type) - most - log_sum);
        }
    });
}

// gradIn = gradOut - exp(out) sum(gradOut)
extern "C" __global__ void __launch_bounds__(THREADS)
    log_softmax_backward_any(void *grad_in, const void *out, const void *grad_out, int in_type, int out_type, int grad_type,
                             i64 rows, int width) {
    for_rows(rows, width, [&](i64 at) {
        float sum = row_sum(width, [&](int i) { return load_any(grad_out, at + i, grad_type); });
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float power = expf(load_any(out, at + i, out_type));
            store_any(grad_in, at + i, in_type, load_any(grad_out, at + i, grad_type) - power * sum);
        }
    });
}
