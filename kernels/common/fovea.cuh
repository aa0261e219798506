// The fovea of one channel, out = p * in with p the softmax of in * smooth over the positions, by one warp, and its gradient.
//
// The gradient of the one number smooth is a sum of terms that cancel, and all this is a thousandth of a layer's work: it is
// computed in double. What is read again comes from the first-level cache, because the warps of a block take neighbouring
// channels.
#pragma once

#include "common/warp.cuh"

// in [F, N, C].
struct Fovea {
    i64 columns;  // F C
    int positions, channels;
    int out_type, in_type, grad_type, smooth_type;
};

// A warp's channel of one frame: where its positions lie, and its softmax.
struct Column {
    const Fovea &fovea;
    const void *in;
    i64 index;
    double smooth;
    double most;

    __device__ __forceinline__ Column(const Fovea &fovea, const void *in, const void *smooth, i64 index)
        : fovea(fovea),
          in(in),
          index(index),
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
        for (int step = WARP / 2; step > 0; step /= 2) {
            most = fmax(most, __shfl_xor_sync(ALL_LANES, most, step));
        }
    }

    __device__ __forceinline__ double exponential(double x) const { return exp(smooth * x - most); }
};

// Hands the result at each of this lane's positions to `visit`.
template <class Visit>
__device__ __forceinline__ void fovea_forward(Column &column, Visit visit) {
    column.find_most();
    double sum = 0;
    column.each([&](int position) { sum += column.exponential(column.x(position)); });
    sum = warp_sum(sum);
    column.each([&](int position) {
        double x = column.x(position);
        visit(position, column.exponential(x) / sum * x);
    });
}

// With e = sum over positions of p * grad_out * in: hands p (grad_out + smooth (grad_out * in - e)) at each of this lane's
// positions to `visit`; every lane gets the gradient of smooth, the sum of p * in * (grad_out * in - e).
template <class Visit>
__device__ __forceinline__ double fovea_backward(Column &column, const void *grad_out, Visit visit) {
    column.find_most();
    double sum = 0;
    double mean = 0;
    column.each([&](int position) {
        double x = column.x(position);
        double e = column.exponential(x);
        sum += e;
        mean += e * load_any(grad_out, column.at(position), column.fovea.grad_type) * x;
    });
    sum = warp_sum(sum);
    mean = warp_sum(mean) / sum;
    double own = 0;
    column.each([&](int position) {
        double x = column.x(position);
        double p = column.exponential(x) / sum;
        double g = load_any(grad_out, column.at(position), column.fovea.grad_type);
        double centred = g * x - mean;
        own += p * x * centred;
        visit(position, p * (g + column.smooth * centred));
    });
    return warp_sum(own);
}
