// Depth-wise convolution over time at each token, out[b,t,n,c] = bias[c] + sum_k weight[c,k] f(in[b,t+k-K/2,n,c]), zero outside
// the clip, and its gradients; f is nothing or the exact GELU. in, out [B, T, N, C], weight [C, K] with odd K, bias [C].
//
// The trick: a thread computes a pack of 8 neighbouring channels for 8 frames of a token. With 3 taps it walks through the frames
// with three running sums, so that an element is loaded, and its GELU taken, once. The gradient of the input is the same
// convolution with the taps mirrored, times the slope of f. The gradients of weight and bias are sums over all tokens, cut into
// parts that are added in a fixed order. The activations before the GELU are all that has to be kept. Bound by memory bandwidth.

#include "common/gelu.cuh"
#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int FRAMES = 8;
constexpr int TAPS = 4;  // whose gradients a thread sums at a time
constexpr int TURNS = THREADS / WARP;

struct TemporalConv {
    int batches, frames, tokens, channels, taps;
    int packed;  // channels come 8 at a time
    int gelu;    // whether f is the GELU
    int out_type, in_type, weight_type, bias_type;
    int slopes_type;
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

// Where a thread's PACK channels and FRAMES frames of one token lie.
template <int PACK>
struct Site {
    i64 clip;  // element of these channels in frame 0
    i64 frame;
    int first, channel;

    __device__ __forceinline__ Site(const TemporalConv &conv, i64 i, int chunks)
        : frame(static_cast<i64>(conv.tokens) * conv.channels) {
        i64 packs = frame / PACK;
        i64 within = i % packs * PACK;
        first = static_cast<int>(i / packs % chunks) * FRAMES;
        clip = i / packs / chunks * conv.frames * frame + within;
        channel = static_cast<int>(within % conv.channels);
    }
};

template <int PACK>
__device__ __forceinline__ void load_taps(const TemporalConv &conv, const void *weight, int channel, int tap, float (&taps)[PACK]) {
#pragma unroll
    for (int c = 0; c < PACK; c++) {
        taps[c] = load_any(weight, static_cast<i64>(channel + c) * conv.taps + tap, conv.weight_type);
    }
}

// f of an element of the convolution's input, where that is not a gradient.
template <int PACK>
__device__ __forceinline__ void activate(const TemporalConv &conv, float (&x)[PACK]) {
    if (conv.gelu) {
#pragma unroll
        for (int c = 0; c < PACK; c++) {
            x[c] = gelu(x[c]);
        }
    }
}

// Forward: `in` convolved, plus bias. Backward: `in` is the gradient of the result, and the sums are multiplied by the slope of f
// at `slopes`, the forward pass's input.
template <int PACK, bool BACKWARD>
struct Convolution {
    const TemporalConv &conv;
    void *out;
    const void *in;
    const void *weight;
    const void *bias;
    const void *slopes;

    __device__ __forceinline__ int tap(int k) const { return BACKWARD ? conv.taps - 1 - k : k; }

    __device__ __forceinline__ void start(int channel, float (&sums)[PACK]) const {
#pragma unroll
        for (int c = 0; c < PACK; c++) {
            sums[c] = BACKWARD ? 0.0f : load_any(bias, channel + c, conv.bias_type);
        }
    }

    __device__ __forceinline__ void load_frame(const Site<PACK> &site, int t, float (&x)[PACK]) const {
        load_channels(in, site.clip + t * site.frame, conv.in_type, x);
        if (!BACKWARD) {
            activate(conv, x);
        }
    }

    __device__ __forceinline__ void store_frame(const Site<PACK> &site, int t, float (&sums)[PACK]) const {
        i64 at = site.clip + t * site.frame;
        if (BACKWARD && conv.gelu) {
            float x[PACK];
            load_channels(slopes, at, conv.slopes_type, x);
#pragma unroll
            for (int c = 0; c < PACK; c++) {
                sums[c] = gelu_gradient(x[c], sums[c]);
            }
        }
        store_channels(out, at, conv.out_type, sums);
    }

    // 3 taps: frame t adds to the results of frames t - 1, t and t + 1.
    __device__ __forceinline__ void three(const Site<PACK> &site) const {
        float taps[3][PACK], begin[PACK], before[PACK], now[PACK];
        for (int k = 0; k < 3; k++) {
            load_taps(conv, weight, site.channel, tap(k), taps[k]);
        }
        start(site.channel, begin);
        start(site.channel, before);
        start(site.channel, now);
        int end = site.first + FRAMES < conv.frames ? site.first + FRAMES : conv.frames;
        for (int t = site.first - 1; t <= end; t++) {
            float after[PACK];
#pragma unroll
            for (int c = 0; c < PACK; c++) {
                after[c] = begin[c];
            }
            if (t >= 0 && t < conv.frames) {
                float x[PACK];
                load_frame(site, t, x);
#pragma unroll
                for (int c = 0; c < PACK; c++) {
                    before[c] = fmaf(taps[2][c], x[c], before[c]);
                    now[c] = fmaf(taps[1][c], x[c], now[c]);
                    after[c] = fmaf(taps[0][c], x[c], after[c]);
                }
            }
            if (t > site.first) {
                store_frame(site, t - 1, before);
            }
#pragma unroll
            for (int c = 0; c < PACK; c++) {
                before[c] = now[c];
                now[c] = after[c];
            }
        }
    }

    __device__ __forceinline__ void any_taps(const Site<PACK> &site) const {
        for (int t = site.first; t < site.first + FRAMES && t < conv.frames; t++) {
            float sums[PACK];
            start(site.channel, sums);
            for (int k = 0; k < conv.taps; k++) {
                int from = t + k - conv.taps / 2;
                if (from >= 0 && from < conv.frames) {
                    float taps[PACK], x[PACK];
                    load_taps(conv, weight, site.channel, tap(k), taps);
                    load_frame(site, from, x);
#pragma unroll
                    for (int c = 0; c < PACK; c++) {
                        sums[c] = fmaf(taps[c], x[c], sums[c]);
                    }
                }
            }
            store_frame(site, t, sums);
        }
    }

    // All packs, in turns.
    __device__ __forceinline__ void run() const {
        int chunks = (conv.frames + FRAMES - 1) / FRAMES;
        i64 packs = static_cast<i64>(conv.tokens) * conv.channels / PACK;
        i64 step = static_cast<i64>(gridDim.x) * THREADS;
        for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < conv.batches * chunks * packs; i += step) {
            Site<PACK> site(conv, i, chunks);
            if (conv.taps == 3) {
                three(site);
            } else {
                any_taps(site);
            }
        }
    }
};

// f of one element of the input.
__device__ __forceinline__ float activated(const TemporalConv &conv, const void *in, i64 at) {
    float x = load_any(in, at, conv.in_type);
    return conv.gelu ? gelu(x) : x;
}

// One channel of one token: adds the products with the gradient to the sums of taps first_tap, first_tap + 1, ..., and the
// gradient itself to that of the bias, which follows the taps.
__device__ __forceinline__ void correlate(const TemporalConv &conv, const void *grad_out, const void *in, i64 clip, i64 frame,
                                          int first_tap, float (&own)[TAPS]) {
    for (int t = 0; t < conv.frames; t++) {
        float g = load_any(grad_out, clip + t * frame, conv.out_type);
#pragma unroll
        for (int i = 0; i < TAPS; i++) {
            int tap = first_tap + i;
            int from = t + tap - conv.taps / 2;
            if (tap == conv.taps) {
                own[i] += g;
            } else if (tap < conv.taps && from >= 0 && from < conv.frames) {
                own[i] = fmaf(g, activated(conv, in, clip + from * frame), own[i]);
            }
        }
    }
}

// The same for 3 taps and the bias, each element read once.
__device__ __forceinline__ void correlate_three(const TemporalConv &conv, const void *grad_out, const void *in, i64 clip, i64 frame,
                                                float (&own)[TAPS]) {
    float before = 0.0f;
    float now = activated(conv, in, clip);
    for (int t = 0; t < conv.frames; t++) {
        float g = load_any(grad_out, clip + t * frame, conv.out_type);
        if (t > 0) {
            own[0] = fmaf(g, before, own[0]);
        }
        own[1] = fmaf(g, now, own[1]);
        own[3] += g;
        if (t + 1 < conv.frames) {
            float after = activated(conv, in, clip + (t + 1) * frame);
            own[2] = fmaf(g, after, own[2]);
            before = now;
            now = after;
        }
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS)
    temporal_conv_forward_any(TemporalConv conv, void *out, const void *in, const void *weight, const void *bias) {
    if (conv.packed) {
        Convolution<8, false>{conv, out, in, weight, bias, nullptr}.run();
    } else {
        Convolution<1, false>{conv, out, in, weight, bias, nullptr}.run();
    }
}

// grad_out -> grad_in; slopes: the forward pass's input.
extern "C" __global__ void __launch_bounds__(THREADS)
    temporal_conv_backward_any(TemporalConv conv, void *grad_in, const void *grad_out, const void *weight, const void *slopes) {
    if (conv.packed) {
        Convolution<8, true>{conv, grad_in, grad_out, weight, nullptr, slopes}.run();
    } else {
        Convolution<1, true>{conv, grad_in, grad_out, weight, nullptr, slopes}.run();
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
            if (conv.taps == TAPS - 1) {
                correlate_three(conv, grad_out, in, clip, frame, own);
            } else {
                correlate(conv, grad_out, in, clip, frame, first_tap, own);
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
