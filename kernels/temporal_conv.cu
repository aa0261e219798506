// Depth-wise convolution over time at each token, out[b,t,n,c] = bias[c] + sum_k weight[c,k] in[b,t+k-K/2,n,c], zero outside the
// clip, and its gradients. in, out [B, T, N, C], weight [C, K] with odd K, bias [C].
//
// The trick: a thread computes a pack of 8 neighbouring channels for 8 frames of a token, so that a weight is loaded once for
// all of them, and an element that several taps want comes from memory once. The gradient of the input is the same convolution
// with the taps mirrored. Those of weight and bias are sums over all tokens, cut into parts that are added in a fixed order.
// Bound by memory bandwidth.

#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int FRAMES = 8;
constexpr int TAPS = 4;  // whose gradients a thread sums at a time
constexpr int TURNS = THREADS / WARP;

struct TemporalConv {
    int batches, frames, tokens, channels, taps;
    int packed;  // channels come 8 at a time
    int mirrored;
    int out_type, in_type, weight_type, bias_type;
    int parts;  // of the sums over tokens
};

__device__ __forceinline__ void load_channels(const void *from, i64 at, int type, float (&values)[8]) {
    load_pack_any(from, at, type, values);
}

__device__ __forceinline__ void load_channels(const void *from, i64 at, int type, float (&values)[1]) {
    values[0] = load_any(from, at, type);
}

__device__ __forceinline__ void store_channels(void *to, i64 at, int type, const float (&values)[8]) {
    store_pack_any(to, at, type, values);
}

__device__ __forceinline__ void store_channels(void *to, i64 at, int type, const float (&values)[1]) {
    store_any(to, at, type, values[0]);
}

// PACK channels of FRAMES frames at one token for each thread, in turns.
template <int PACK>
__device__ __forceinline__ void
convolve(const TemporalConv &conv, void *out, const void *in, const void *weight, const void *bias) {
    i64 frame = static_cast<i64>(conv.tokens) * conv.channels;  // elements
    i64 packs = frame / PACK;
    int chunks = (conv.frames + FRAMES - 1) / FRAMES;
    i64 step = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < conv.batches * chunks * packs; i += step) {
        i64 within = i % packs * PACK;
        int first = static_cast<int>(i / packs % chunks) * FRAMES;
        i64 clip = i / packs / chunks * conv.frames * frame + within;
        int channel = static_cast<int>(within % conv.channels);
        float sums[FRAMES][PACK];
#pragma unroll
        for (int c = 0; c < PACK; c++) {
            float start = bias == nullptr ? 0.0f : load_any(bias, channel + c, conv.bias_type);
#pragma unroll
            for (int t = 0; t < FRAMES; t++) {
                sums[t][c] = start;
            }
        }
        for (int k = 0; k < conv.taps; k++) {
            float taps[PACK];
            int tap = conv.mirrored ? conv.taps - 1 - k : k;
#pragma unroll
            for (int c = 0; c < PACK; c++) {
                taps[c] = load_any(weight, static_cast<i64>(channel + c) * conv.taps + tap, conv.weight_type);
            }
#pragma unroll
            for (int t = 0; t < FRAMES; t++) {
                int from = first + t + k - conv.taps / 2;
                if (from >= 0 && from < conv.frames) {
                    float x[PACK];
                    load_channels(in, clip + from * frame, conv.in_type, x);
#pragma unroll
                    for (int c = 0; c < PACK; c++) {
                        sums[t][c] = fmaf(taps[c], x[c], sums[t][c]);
                    }
                }
            }
        }
#pragma unroll
        for (int t = 0; t < FRAMES; t++) {
            if (first + t < conv.frames) {
                store_channels(out, clip + (first + t) * frame, conv.out_type, sums[t]);
            }
        }
    }
}

}  // namespace

// Also the gradient of the input: mirrored, without bias.
extern "C" __global__ void __launch_bounds__(THREADS)
    temporal_conv_forward_any(TemporalConv conv, void *out, const void *in, const void *weight, const void *bias) {
    if (conv.packed) {
        convolve<8>(conv, out, in, weight, bias);
    } else {
        convolve<1>(conv, out, in, weight, bias);
    }
}

// Parts of the gradients of weight and bias: `sums` [parts, K + 1, C], the last row of K + 1 that of the bias. Block (32 channels,
// 8 turns), grid (C / 32, (K + 1) / TAPS, parts).
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    temporal_conv_backward_any_parts(TemporalConv conv, float *sums, const void *grad_out, const void *in) {
    S2D_SHARED(float, partial);  // [TURNS][TAPS][32]
    i64 frame = static_cast<i64>(conv.tokens) * conv.channels;
    int channel = blockIdx.x * WARP + threadIdx.x;
    int first_tap = blockIdx.y * TAPS;
    float own[TAPS] = {};
    if (channel < conv.channels) {
        i64 sites = static_cast<i64>(conv.batches) * conv.tokens;
        for (i64 site = blockIdx.z * TURNS + threadIdx.y; site < sites; site += conv.parts * TURNS) {
            i64 clip = site / conv.tokens * conv.frames * frame + site % conv.tokens * conv.channels + channel;
            for (int t = 0; t < conv.frames; t++) {
                float g = load_any(grad_out, clip + t * frame, conv.out_type);
#pragma unroll
                for (int i = 0; i < TAPS; i++) {
                    int tap = first_tap + i;
                    int from = t + tap - conv.taps / 2;
                    if (tap == conv.taps) {
                        own[i] += g;
                    } else if (tap < conv.taps && from >= 0 && from < conv.frames) {
                        own[i] = fmaf(g, load_any(in, clip + from * frame, conv.in_type), own[i]);
                    }
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < TAPS; i++) {
        partial[(threadIdx.y * TAPS + i) * WARP + threadIdx.x] = own[i];
    }
    __syncthreads();
    int tap = first_tap + threadIdx.y;
    if (threadIdx.y < TAPS && tap <= conv.taps && channel < conv.channels) {
        float sum = 0.0f;
        for (int turn = 0; turn < TURNS; turn++) {
            sum += partial[(turn * TAPS + threadIdx.y) * WARP + threadIdx.x];
        }
        sums[(static_cast<i64>(blockIdx.z) * (conv.taps + 1) + tap) * conv.channels + channel] = sum;
    }
}

// Adds the parts; one thread for each of (K + 1) C sums.
extern "C" __global__ void __launch_bounds__(THREADS)
    temporal_conv_backward_any_finish(TemporalConv conv, void *grad_weight, void *grad_bias, const float *sums) {
    i64 count = static_cast<i64>(conv.taps + 1) * conv.channels;
    i64 at = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x;
    if (at >= count) {
        return;
    }
    double sum = 0;
    for (int part = 0; part < conv.parts; part++) {
        sum += sums[part * count + at];
    }
    int tap = static_cast<int>(at / conv.channels);
    i64 channel = at % conv.channels;
    if (tap < conv.taps) {
        store_any(grad_weight, channel * conv.taps + tap, conv.weight_type, static_cast<float>(sum));
    } else {
        store_any(grad_bias, channel, conv.bias_type, static_cast<float>(sum));
    }
}
