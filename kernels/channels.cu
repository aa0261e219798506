// What treats each channel of [B, C, *] alike: sums, statistics, batch normalisation, PReLU.
//
//   batchNorm   out = (in - mean) rstd weight + bias                      rstd = 1 / sqrt(variance + eps)
//               gradIn = weight rstd (gradOut - d - p (in - mean))        d, p: 0 where the statistics are constants, else
//               d = mean(gradOut),  p = mean(gradOut (in - mean)) rstd^2
//   prelu       out = in >= 0 ? in : slope in                             the derivative at 0 is the slope
//
// The trick: one block sums a channel in double, and where the sums go into the gradient of the input it writes that too, while
// the channel is still in the cache. Bound by memory bandwidth.

#include "common/block.cuh"

namespace {

constexpr int THREADS = 256;

struct Channels {
    int batch, channels, inner;
    int types[9];  // of the tensors, in the order of the kernel's arguments

    // Values of a channel.
    __device__ __forceinline__ u32 count() const { return static_cast<u32>(batch) * inner; }

    // Where value i of a channel lies.
    __device__ __forceinline__ i64 at(int channel, u32 i) const {
        u32 image = i / inner;
        return (static_cast<i64>(image) * channels + channel) * inner + (i - image * inner);
    }

    // The channel of element i; 64-bit division is slow, and hardly ever needed.
    __device__ __forceinline__ int channel_of(i64 i) const {
        if (i <= 0xffffffffll) {
            return static_cast<int>(static_cast<u32>(i) / inner % channels);
        }
        return static_cast<int>(i / inner % channels);
    }

    __device__ __forceinline__ i64 elements() const { return static_cast<i64>(batch) * channels * inner; }
};

__device__ __forceinline__ i64 first_element() { return static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; }

__device__ __forceinline__ i64 turn() { return static_cast<i64>(gridDim.x) * THREADS; }

// The sum of term(position) over a channel; every thread gets it.
template <class Term>
__device__ __forceinline__ double channel_sum(const Channels &shape, int channel, double *scratch, Term term) {
    double sum = 0;
    for (u32 i = threadIdx.x; i < shape.count(); i += THREADS) {
        sum += term(shape.at(channel, i));
    }
    return block_sum(sum, scratch);
}

}  // namespace

// sums [C] of in; one block for each channel.
extern "C" __global__ void __launch_bounds__(THREADS) channel_sums_forward_any(Channels shape, void *sums, const void *in) {
    S2D_SHARED(double, scratch);
    int channel = static_cast<int>(blockIdx.x);
    double sum = channel_sum(shape, channel, scratch, [&](i64 at) { return load_any(in, at, shape.types[1]); });
    if (threadIdx.x == 0) {
        store_any(sums, channel, shape.types[0], static_cast<float>(sum));
    }
}

// mean, variance [C] of in; one block for each channel. Of nothing, zeros.
extern "C" __global__ void __launch_bounds__(THREADS)
    channel_statistics_forward_any(Channels shape, void *mean, void *variance, const void *in) {
    S2D_SHARED(double, scratch);
    int channel = static_cast<int>(blockIdx.x);
    double count = max(shape.count(), 1u);
    double centre =
        channel_sum(shape, channel, scratch, [&](i64 at) { return load_any(in, at, shape.types[2]); }) / count;
    double squares = channel_sum(shape, channel, scratch, [&](i64 at) {
        double deviation = load_any(in, at, shape.types[2]) - centre;
        return deviation * deviation;
    });
    if (threadIdx.x == 0) {
        store_any(mean, channel, shape.types[0], static_cast<float>(centre));
        store_any(variance, channel, shape.types[1], static_cast<float>(squares / count));
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    batch_norm_forward_any(Channels shape, void *out, const void *in, const void *mean, const void *variance, const void *weight,
                           const void *bias, float eps) {
    for (i64 i = first_element(); i < shape.elements(); i += turn()) {
        int channel = shape.channel_of(i);
        float scale = load_any(weight, channel, shape.types[4]) / sqrtf(load_any(variance, channel, shape.types[3]) + eps);
        float centred = load_any(in, i, shape.types[1]) - load_any(mean, channel, shape.types[2]);
        store_any(out, i, shape.types[0], fmaf(centred, scale, load_any(bias, channel, shape.types[5])));
    }
}

// One block for each channel. In double: where the statistics are the batch's own, most of the gradient cancels. Without the
// four blocks ptxas aims at more of them on sm_80 and spills.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    batch_norm_backward_any(Channels shape, void *grad_in, void *grad_weight, void *grad_bias, const void *grad_out,
                            const void *in, const void *mean, const void *variance, const void *weight, double eps,
                            int batch_statistics) {
    S2D_SHARED(double, scratch);
    int channel = static_cast<int>(blockIdx.x);
    double centre = load_any(mean, channel, shape.types[5]);
    double rstd = 1.0 / sqrt(load_any(variance, channel, shape.types[6]) + eps);
    double sum = channel_sum(shape, channel, scratch, [&](i64 at) { return load_any(grad_out, at, shape.types[3]); });
    double product = channel_sum(shape, channel, scratch, [&](i64 at) {
        return load_any(grad_out, at, shape.types[3]) * (load_any(in, at, shape.types[4]) - centre);
    });
    if (threadIdx.x == 0) {
        store_any(grad_weight, channel, shape.types[1], static_cast<float>(product * rstd));
        store_any(grad_bias, channel, shape.types[2], static_cast<float>(sum));
    }
    double scale = load_any(weight, channel, shape.types[7]) * rstd;
    double shift = batch_statistics ? sum / shape.count() : 0.0;
    double slope = batch_statistics ? product / shape.count() * rstd * rstd : 0.0;
    for (u32 i = threadIdx.x; i < shape.count(); i += THREADS) {
        i64 at = shape.at(channel, i);
        double grad = load_any(grad_out, at, shape.types[3]) - shift;
        double centred = load_any(in, at, shape.types[4]) - centre;
        store_any(grad_in, at, shape.types[0], static_cast<float>(scale * (grad - slope * centred)));
    }
}

extern "C" __global__ void __launch_bounds__(THREADS)
    prelu_forward_any(Channels shape, void *out, const void *in, const void *slope) {
    for (i64 i = first_element(); i < shape.elements(); i += turn()) {
        float x = load_any(in, i, shape.types[1]);
        store_any(out, i, shape.types[0], x >= 0.0f ? x : x * load_any(slope, shape.channel_of(i), shape.types[2]));
    }
}

// One block for each channel.
extern "C" __global__ void __launch_bounds__(THREADS)
    prelu_backward_any(Channels shape, void *grad_in, void *grad_slope, const void *grad_out, const void *in, const void *slope) {
    S2D_SHARED(double, scratch);
    int channel = static_cast<int>(blockIdx.x);
    float factor = load_any(slope, channel, shape.types[4]);
    double sum = channel_sum(shape, channel, scratch, [&](i64 at) {
        float x = load_any(in, at, shape.types[3]);
        float grad = load_any(grad_out, at, shape.types[2]);
        store_any(grad_in, at, shape.types[0], x > 0.0f ? grad : factor * grad);
        return x > 0.0f ? 0.0 : static_cast<double>(x) * grad;
    });
    if (threadIdx.x == 0) {
        store_any(grad_slope, channel, shape.types[1], static_cast<float>(sum));
    }
}
