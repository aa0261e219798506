// The head's pooling, out[b] = mean over the frames t of layerNorm(in[b, t]), with mean and 1 / sqrt(variance + eps) of every row
// for the backward pass, which is that of layer_norm.cu. in: rows [B, T] of D elements, anywhere; out [B, D].
//
// The trick: the normalised rows are never stored. One block per clip: a warp finds the statistics of a frame, then each thread
// adds up its columns over the frames, in their order. Little data; the launch costs more than the work.

#include "common/loop.cuh"
#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;

}  // namespace

// `rows`: out is not used; in counts.
extern "C" __global__ void __launch_bounds__(THREADS)
    head_pool_forward_any(Loop rows, void *out, float *means, float *rstds, const void *in, const void *weight, const void *bias,
                          int out_type, int weight_type, int bias_type, int frames, int width, float eps) {
    i64 first = static_cast<i64>(blockIdx.x) * frames;
    for (int t = warp_of_block(); t < frames; t += WARPS) {
        i64 at[1];
        locate(rows, first + t, at);
        float sum = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            sum += load_any(in, at[0] + i, rows.types[0]);
        }
        float mean = warp_sum(sum) / width;
        float plain = 0.0f;  // what rounding took from the mean
        float squares = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float deviation = load_any(in, at[0] + i, rows.types[0]) - mean;
            plain += deviation;
            squares = fmaf(deviation, deviation, squares);
        }
        float rest = warp_sum(plain) / width;
        float variance = warp_sum(squares) / width - rest * rest;
        if (lane_of_warp() == 0) {
            means[first + t] = mean + rest;
            rstds[first + t] = 1.0f / sqrtf((variance < 0.0f ? 0.0f : variance) + eps);
        }
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < width; i += THREADS) {
        float sum = 0.0f;
        for (int t = 0; t < frames; t++) {
            i64 at[1];
            locate(rows, first + t, at);
            sum = fmaf(load_any(in, at[0] + i, rows.types[0]) - means[first + t], rstds[first + t], sum);
        }
        float y = fmaf(sum / frames, load_any(weight, i, weight_type), load_any(bias, i, bias_type));
        store_any(out, blockIdx.x * static_cast<i64>(width) + i, out_type, y);
    }
}
