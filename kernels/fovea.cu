// Fovea of the landmark prompter, out = p * in with p the softmax of in * smooth over the positions of each channel, and its
// gradients. in, out [F, N, C].
//
// The gradient of the one number smooth is a sum of terms that cancel, and all this is a thousandth of a layer's work: a warp
// takes a column of N positions and computes in double. What is read again comes from the first-level cache, because the warps
// of a block take neighbouring channels.

#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;

struct Fovea {
    i64 columns;  // F C
    int positions, channels;
    int out_type, in_type, grad_type, smooth_type;
};

template <class F>
__device__ __forceinline__ double warp_combine(double value, F combine) {
#pragma unroll
    for (int step = WARP / 2; step > 0; step /= 2) {
        value = combine(value, __shfl_xor_sync(ALL_LANES, value, step));
    }
    return value;
}

__device__ __forceinline__ double sum_of_warp(double value) {
    return warp_combine(value, [](double a, double b) { return a + b; });
}

// This warp's column: where its positions lie, and its softmax.
struct Column {
    const Fovea &fovea;
    const void *in;
    i64 index;
    double smooth;
    double most;

    __device__ __forceinline__ Column(const Fovea &fovea, const void *in, const void *smooth)
        : fovea(fovea),
          in(in),
          index(static_cast<i64>(blockIdx.x) * WARPS + warp_of_block()),
          smooth(load_any(smooth, 0, fovea.smooth_type)),
          most(-S2D_INFINITY) {}

    __device__ __forceinline__ bool exists() const { return index < fovea.columns; }

    __device__ __forceinline__ i64 at(int position) const {
        return (index / fovea.channels * fovea.positions + position) * fovea.channels + index % fovea.channels;
    }

    __device__ __forceinline__ double x(int position) const { return load_any(in, at(position), fovea.in_type); }

    // Visits this lane's positions.
    template <class Visit>
    __device__ __forceinline__ void each(Visit visit) const {
        for (int position = lane_of_warp(); position < fovea.positions; position += WARP) {
            visit(position);
        }
    }

    __device__ __forceinline__ void find_most() {
        each([&](int position) { most = fmax(most, smooth * x(position)); });
        most = warp_combine(most, [](double a, double b) { return fmax(a, b); });
    }

    __device__ __forceinline__ double exponential(double x) const { return exp(smooth * x - most); }
};

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_forward_any(Fovea fovea, void *out, const void *in, const void *smooth) {
    Column column(fovea, in, smooth);
    if (!column.exists()) {
        return;
    }
    column.find_most();
    double sum = 0;
    column.each([&](int position) { sum += column.exponential(column.x(position)); });
    sum = sum_of_warp(sum);
    column.each([&](int position) {
        double x = column.x(position);
        store_any(out, column.at(position), fovea.out_type, static_cast<float>(column.exponential(x) / sum * x));
    });
}

// With e = sum over positions of p * grad_out * in: grad_in = p (grad_out + smooth (grad_out * in - e)), and to_smooth [F C], for
// each column, sum of p * in * (grad_out * in - e).
extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_backward_any(Fovea fovea, void *grad_in, double *to_smooth, const void *grad_out, const void *in, const void *smooth) {
    Column column(fovea, in, smooth);
    if (!column.exists()) {
        return;
    }
    column.find_most();
    double sum = 0;
    double mean = 0;
    column.each([&](int position) {
        double x = column.x(position);
        double e = column.exponential(x);
        sum += e;
        mean += e * load_any(grad_out, column.at(position), fovea.grad_type) * x;
    });
    sum = sum_of_warp(sum);
    mean = sum_of_warp(mean) / sum;
    double own = 0;
    column.each([&](int position) {
        double x = column.x(position);
        double p = column.exponential(x) / sum;
        double g = load_any(grad_out, column.at(position), fovea.grad_type);
        double centred = g * x - mean;
        own += p * x * centred;
        store_any(grad_in, column.at(position), fovea.out_type, static_cast<float>(p * (g + column.smooth * centred)));
    });
    own = sum_of_warp(own);
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
    sum = sum_of_warp(sum);
    if (threadIdx.x == 0) {
        store_any(grad_smooth, 0, type, static_cast<float>(sum));
    }
}
