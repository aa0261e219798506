// Clips as the model takes them from the frames of videos: crop, bilinear resize, mirror, normalise, erase, and mix with another clip of
// the batch. pixels [B, T, H, W, 3], out [B, 3, T, h, w], plans [B, PLAN_WORDS] of integers (ClipPlan), values for erased boxes.
//
// The trick: row b is mixed with row B - 1 - b and the other way round, so a thread makes the same pixel of both rows: whatever the mix,
// every frame is read once and every clip written once. Neighbouring threads take neighbouring pixels, not packs: their bytes lie side by
// side, and so does what they write. Normalising is linear and comes after the resize. Bound by memory bandwidth.

#include "common/types.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int PER_THREAD = 8;
constexpr int PLAN_WORDS = 18;
constexpr int COLOURS = 3;

using u8 = unsigned char;

struct Batch {
    int rows, frames;
    int in_height, in_width, out_height, out_width;
    int mixed;
    int out_type, in_type;  // in_type: of pixels that are not bytes
    float mean[COLOURS];  // of bytes, and what their distance from it is multiplied with
    float factor[COLOURS];
};

struct Box {
    int top, left, height, width;
};

struct Plan {
    Box crop, erased, part;
    float down, across;  // pixels of the crop for one of the clip
    bool flip;
    i64 first_value;
    int first_frame, frames;
    float weight, rest;
};

struct Colour {
    float channels[COLOURS];
};

__device__ __forceinline__ Box box_of(const i64 *words) {
    return {static_cast<int>(words[0]), static_cast<int>(words[1]), static_cast<int>(words[2]), static_cast<int>(words[3])};
}

__device__ __forceinline__ Plan plan_of(const Batch &batch, const i64 *plans, int row) {
    const i64 *words = plans + static_cast<i64>(row) * PLAN_WORDS;
    Plan plan;
    plan.crop = box_of(words);
    plan.flip = words[4] != 0;
    plan.erased = box_of(words + 5);
    plan.first_value = words[9];
    plan.first_frame = static_cast<int>(words[10]);
    plan.frames = static_cast<int>(words[11]);
    plan.part = box_of(words + 12);
    plan.weight = __uint_as_float(static_cast<u32>(words[16]));
    plan.rest = __uint_as_float(static_cast<u32>(words[17]));
    plan.down = static_cast<float>(plan.crop.height) / static_cast<float>(batch.out_height);
    plan.across = static_cast<float>(plan.crop.width) / static_cast<float>(batch.out_width);
    return plan;
}

__device__ __forceinline__ bool contains(const Box &box, int y, int x) {
    return y >= box.top && y < box.top + box.height && x >= box.left && x < box.left + box.width;
}

// The two inputs beside an output, and the weight of the higher one. Multiplied and added apart, as the host does and PyTorch.
struct Taps {
    int low, high;
    float weight;
};

__device__ __forceinline__ Taps taps_of(int size, float scale, int i) {
    float position = fmaxf(__fadd_rn(__fmul_rn(scale, static_cast<float>(i) + 0.5f), -0.5f), 0.0f);
    int low = min(static_cast<int>(position), size - 1);
    return {low, min(low + 1, size - 1), fminf(position - static_cast<float>(low), 1.0f)};
}

__device__ __forceinline__ float load_colour(const Batch &, const u8 *from, i64 at) { return static_cast<float>(from[at]); }

__device__ __forceinline__ float load_colour(const Batch &batch, const void *from, i64 at) { return load_any(from, at, batch.in_type); }

__device__ __forceinline__ float normalised(const Batch &batch, const u8 *, float value, int c) {
    return (value - batch.mean[c]) * batch.factor[c];
}

__device__ __forceinline__ float normalised(const Batch &, const void *, float value, int) { return value; }

__device__ __forceinline__ float between(float low, float high, float weight) { return fmaf(high, weight, low * (1.0f - weight)); }

// A pixel of a row before it is mixed.
template <class T>
__device__ __forceinline__ Colour
unmixed(const Batch &batch, const Plan &plan, const T *pixels, const float *values, int row, int t, int y, int x) {
    Colour colour;
    if (contains(plan.erased, y, x)) {
        i64 area = static_cast<i64>(plan.erased.height) * plan.erased.width;
        const float *from = values + plan.first_value + t * COLOURS * area + (y - plan.erased.top) * plan.erased.width;
#pragma unroll
        for (int c = 0; c < COLOURS; c++) {
            colour.channels[c] = from[c * area + x - plan.erased.left];
        }
        return colour;
    }
    Taps down = taps_of(plan.crop.height, plan.down, y);
    Taps across = taps_of(plan.crop.width, plan.across, plan.flip ? batch.out_width - 1 - x : x);
    i64 first = (static_cast<i64>(row) * batch.frames + t) * batch.in_height + plan.crop.top;
    i64 above = ((first + down.low) * batch.in_width + plan.crop.left) * COLOURS;
    i64 below = ((first + down.high) * batch.in_width + plan.crop.left) * COLOURS;
    int left = across.low * COLOURS;
    int right = across.high * COLOURS;
#pragma unroll
    for (int c = 0; c < COLOURS; c++) {
        float upper = between(
            load_colour(batch, pixels, above + left + c), load_colour(batch, pixels, above + right + c), across.weight);
        float lower = between(
            load_colour(batch, pixels, below + left + c), load_colour(batch, pixels, below + right + c), across.weight);
        colour.channels[c] = normalised(batch, pixels, between(upper, lower, down.weight), c);
    }
    return colour;
}

__device__ __forceinline__ void
store_mixed(const Batch &batch, const Plan &plan, void *out, const Colour &own, const Colour &partner, int row, int t, int y, int x) {
    bool mixes = batch.mixed && t >= plan.first_frame && t < plan.first_frame + plan.frames && contains(plan.part, y, x);
#pragma unroll
    for (int c = 0; c < COLOURS; c++) {
        float value = own.channels[c];
        if (mixes) {
            float other = partner.channels[c];
            value = plan.weight == 0.0f ? other : fmaf(other, plan.rest, value * plan.weight);
        }
        i64 plane = (static_cast<i64>(row) * COLOURS + c) * batch.frames + t;
        store_any(out, (plane * batch.out_height + y) * batch.out_width + x, batch.out_type, value);
    }
}

// One block for PER_THREAD * THREADS pixels of a frame of two rows; an odd row in the middle is its own partner.
template <class T>
__device__ __forceinline__ void clips(const Batch &batch, void *out, const T *pixels, const i64 *plans, const float *values) {
    int area = batch.out_height * batch.out_width;
    int tiles = (area + PER_THREAD * THREADS - 1) / (PER_THREAD * THREADS);
    int unit = static_cast<int>(blockIdx.x) / tiles;
    int t = unit % batch.frames;
    int row = unit / batch.frames;
    int partner_row = batch.rows - 1 - row;
    Plan plan = plan_of(batch, plans, row);
    Plan partner_plan = plan_of(batch, plans, partner_row);
    int first = static_cast<int>(blockIdx.x) % tiles * (PER_THREAD * THREADS) + static_cast<int>(threadIdx.x);
    for (int i = 0; i < PER_THREAD; i++) {
        int pixel = first + i * THREADS;
        if (pixel >= area) {
            return;
        }
        int y = pixel / batch.out_width;
        int x = pixel % batch.out_width;
        Colour own = unmixed(batch, plan, pixels, values, row, t, y, x);
        Colour partner = own;
        if (partner_row != row) {
            partner = unmixed(batch, partner_plan, pixels, values, partner_row, t, y, x);
            store_mixed(batch, partner_plan, out, partner, own, partner_row, t, y, x);
        }
        store_mixed(batch, plan, out, own, partner, row, t, y, x);
    }
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS)
    clips_forward_u8(Batch batch, void *out, const u8 *pixels, const i64 *plans, const float *values) {
    clips(batch, out, pixels, plans, values);
}

// Pixels of a floating type are normalised already.
extern "C" __global__ void __launch_bounds__(THREADS)
    clips_forward_any(Batch batch, void *out, const void *pixels, const i64 *plans, const float *values) {
    clips(batch, out, pixels, plans, values);
}
