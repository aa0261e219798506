// Fovea of the landmark prompter by itself, and its gradients: common/fovea.cuh. in, out [F, N, C]; one warp per column of N
// positions. The prompter as a whole is in fovea_prompt.cu.

#include "common/fovea.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;

__device__ __forceinline__ i64 column_of_warp() { return static_cast<i64>(blockIdx.x) * WARPS + warp_of_block(); }

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_forward_any(Fovea fovea, void *out, const void *in, const void *smooth) {
    Column column(fovea, in, smooth, column_of_warp());
    if (column.exists()) {
        fovea_forward(column, [&](int position, double y) {
            store_any(out, column.at(position), fovea.out_type, static_cast<float>(y));
        });
    }
}

// to_smooth [F C]: the share of each column in the gradient of smooth.
extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_backward_any(Fovea fovea, void *grad_in, double *to_smooth, const void *grad_out, const void *in, const void *smooth) {
    Column column(fovea, in, smooth, column_of_warp());
    if (!column.exists()) {
        return;
    }
    double own = fovea_backward(column, grad_out, [&](int position, double g) {
        store_any(grad_in, column.at(position), fovea.out_type, static_cast<float>(g));
    });
    if (lane_of_warp() == 0) {
        to_smooth[column.index] = own;
    }
}

// grad_smooth = sum of to_smooth [F C], by one warp.
extern "C" __global__ void __launch_bounds__(WARP)
    fovea_backward_any_smooth(void *grad_smooth, int type, const double *to_smooth, i64 columns) {
    double sum = 0;
    for (i64 i = threadIdx.x; i < columns; i += WARP) {
        sum += to_smooth[i];
    }
    sum = warp_sum(sum);
    if (threadIdx.x == 0) {
        store_any(grad_smooth, 0, type, static_cast<float>(sum));
    }
}
