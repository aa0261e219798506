// The landmark prompter, p = back(fovea(focus(u)) + other(v)), and its gradients, where focus, other and back are 1x1 convolutions
// to H channels and back to D.
//
//   z = u W0^T + b0,  s = fovea(z) + v W1^T + b1,  p = s W2^T + b2          u, v, p [F, N, D]; z, s [F, N, H] are kept
//
// The trick: H is 8, so that a product over D is nothing but reading its operand once. One block owns a frame: its warps bring
// rows of u and v down to H numbers each (4 rows at a time share every weight; a transposing reduction leaves one of 32 sums in
// each lane), then each takes a channel's softmax over the positions, then threads that keep their columns of W2 in registers
// write p. Backward runs the same steps the other way round; shares of the weights' gradients are one row per frame and are added
// in a fixed order. All in F32 or double, since the softmax multiplies by ten. Bound by memory bandwidth.

#include "common/fovea.cuh"

namespace {

constexpr int THREADS = 512;
constexpr int WARPS = THREADS / WARP;
constexpr int GROUP = 8;  // channels that are summed at a time
constexpr int ROWS = 4;   // that a warp takes at a time
constexpr int FINISH_THREADS = 256;
constexpr int FINISH_TURNS = FINISH_THREADS / WARP;
static_assert(ROWS * GROUP == WARP, "one sum for each lane");

// Sizes and element types. CudaFoveaPrompt writes the same bytes.
struct Prompt {
    int frames, positions, width, channels;
    int packed;  // whether width comes in aligned packs of 8
    int image_type, landmark_type, grad_type;
};

// Weights [H, D], [H], [H, D], [H], [1], [D, H], [D], all F32.
struct Weights {
    const float *focus, *focus_bias, *other, *other_bias, *smooth, *back, *back_bias;
};

template <int PACK>
__device__ __forceinline__ void load_columns(const void *from, i64 at, int type, float (&x)[PACK]) {
    if constexpr (PACK == 8) {
        load_pack_any(from, at, type, x);
    } else {
        for (int i = 0; i < PACK; i++) {
            x[i] = load_any(from, at + i, type);
        }
    }
}

// Sums of 2 STEP values over groups of 2 STEP lanes; lane l of a group gets that of value l.
template <int STEP>
__device__ __forceinline__ float transposing_sum(float (&values)[2 * STEP]) {
    bool upper = (lane_of_warp() & STEP) != 0;
    float halves[STEP];
#pragma unroll
    for (int i = 0; i < STEP; i++) {
        float kept = upper ? values[i + STEP] : values[i];
        float given = upper ? values[i] : values[i + STEP];
        halves[i] = kept + __shfl_xor_sync(ALL_LANES, given, STEP);
    }
    if constexpr (STEP == 1) {
        return halves[0];
    } else {
        return transposing_sum<STEP / 2>(halves);
    }
}

// out[n, h] = sum over d of rows[n, d] weight(h, d), plus bias: this frame's rows [N, D], by all warps. `by_column` weights lie
// as [D, H], others as [H, D].
template <int PACK>
__device__ __forceinline__ void project(const Prompt &prompt, float *out, const void *rows, i64 at, int type, const float *weight,
                                        const float *bias, bool by_column) {
    for (int first = warp_of_block() * ROWS; first < prompt.positions; first += WARPS * ROWS) {
        for (int h0 = 0; h0 < prompt.channels; h0 += GROUP) {
            float sums[ROWS * GROUP] = {};
            for (int d = lane_of_warp() * PACK; d < prompt.width; d += WARP * PACK) {
                float x[ROWS][PACK] = {};
#pragma unroll
                for (int r = 0; r < ROWS; r++) {
                    if (first + r < prompt.positions) {
                        load_columns(rows, at + static_cast<i64>(first + r) * prompt.width + d, type, x[r]);
                    }
                }
#pragma unroll
                for (int h = 0; h < GROUP; h++) {
                    float w[PACK] = {};
                    if (h0 + h < prompt.channels && by_column) {
#pragma unroll
                        for (int i = 0; i < PACK; i++) {
                            w[i] = weight[static_cast<i64>(d + i) * prompt.channels + h0 + h];
                        }
                    } else if (h0 + h < prompt.channels) {
                        load_columns(weight, static_cast<i64>(h0 + h) * prompt.width + d, TYPE_F32, w);
                    }
#pragma unroll
                    for (int r = 0; r < ROWS; r++) {
#pragma unroll
                        for (int i = 0; i < PACK; i++) {
                            sums[r * GROUP + h] = fmaf(x[r][i], w[i], sums[r * GROUP + h]);
                        }
                    }
                }
            }
            float sum = transposing_sum<WARP / 2>(sums);
            int n = first + lane_of_warp() / GROUP;
            int h = h0 + lane_of_warp() % GROUP;
            if (n < prompt.positions && h < prompt.channels) {
                out[n * prompt.channels + h] = sum + (bias == nullptr ? 0.0f : bias[h]);
            }
        }
    }
}

// Calls visit(first column, turn, turns) such that each thread keeps its columns and threads beyond them take other rows.
template <int PACK, class Visit>
__device__ __forceinline__ void for_columns(int width, Visit visit) {
    int packs = width / PACK;
    int lanes = packs < THREADS ? packs : THREADS;
    int turns = THREADS / lanes;
    int turn = static_cast<int>(threadIdx.x) / lanes;
    if (turn < turns) {
        for (int pack = static_cast<int>(threadIdx.x) % lanes; pack < packs; pack += lanes) {
            visit(pack * PACK, turn, turns);
        }
    }
}

// out[n, d] = sum over h of narrow[n, h] weight(h, d), plus bias: this frame's narrow [N, H] to [N, D] in F32.
template <int PACK>
__device__ __forceinline__ void expand(const Prompt &prompt, float *out, const float *narrow, const float *weight,
                                       const float *bias, bool by_column) {
    for_columns<PACK>(prompt.width, [&](int d, int turn, int turns) {
        for (int h0 = 0; h0 < prompt.channels; h0 += GROUP) {
            float w[GROUP][PACK] = {};
#pragma unroll
            for (int h = 0; h < GROUP; h++) {
                for (int i = 0; i < PACK; i++) {
                    if (h0 + h < prompt.channels) {
                        w[h][i] = by_column ? weight[static_cast<i64>(d + i) * prompt.channels + h0 + h]
                                            : weight[static_cast<i64>(h0 + h) * prompt.width + d + i];
                    }
                }
            }
            float start[PACK] = {};
            if (bias != nullptr) {
                load_columns(bias, d, TYPE_F32, start);
            }
            for (int n = turn; n < prompt.positions; n += turns) {
                float *row = out + static_cast<i64>(n) * prompt.width + d;
                float y[PACK];
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    y[i] = h0 == 0 ? start[i] : row[i];
                }
#pragma unroll
                for (int h = 0; h < GROUP; h++) {
                    if (h0 + h < prompt.channels) {
                        float s = narrow[n * prompt.channels + h0 + h];
#pragma unroll
                        for (int i = 0; i < PACK; i++) {
                            y[i] = fmaf(s, w[h][i], y[i]);
                        }
                    }
                }
                if constexpr (PACK == 8) {
                    store_pack(row, y);
                } else {
                    row[0] = y[0];
                }
            }
        }
    });
}

// Two neighbouring elements with one access, or one.
template <int PACK>
__device__ __forceinline__ void load_few(const void *from, i64 at, int type, float (&x)[PACK]) {
    if constexpr (PACK == 1) {
        x[0] = load_any(from, at, type);
    } else if (type == TYPE_F32) {
        float2 both = *reinterpret_cast<const float2 *>(static_cast<const float *>(from) + at);
        x[0] = both.x;
        x[1] = both.y;
    } else {
        u32 word = *reinterpret_cast<const u32 *>(static_cast<const u16 *>(from) + at);
        if (type == TYPE_BF16) {
            unpack2<bf16>(word, x[0], x[1]);
        } else {
            unpack2<f16>(word, x[0], x[1]);
        }
    }
}

// parts[h, d] = sum over n of narrow[n, h] rows[n, d] of this frame; where asked for, one row more: the sum of rows.
template <int PACK>
__device__ __forceinline__ void outer(const Prompt &prompt, float *parts, const float *narrow, const void *rows, i64 at, int type,
                                      bool with_sum) {
    for (int d = static_cast<int>(threadIdx.x) * PACK; d < prompt.width; d += THREADS * PACK) {
        for (int h0 = 0; h0 < prompt.channels; h0 += GROUP) {
            float sums[GROUP + 1][PACK] = {};
#pragma unroll 4
            for (int n = 0; n < prompt.positions; n++) {
                float x[PACK];
                load_few(rows, at + static_cast<i64>(n) * prompt.width + d, type, x);
#pragma unroll
                for (int i = 0; i < PACK; i++) {
#pragma unroll
                    for (int h = 0; h < GROUP; h++) {
                        if (h0 + h < prompt.channels) {
                            sums[h][i] = fmaf(narrow[n * prompt.channels + h0 + h], x[i], sums[h][i]);
                        }
                    }
                    sums[GROUP][i] += x[i];
                }
            }
#pragma unroll
            for (int i = 0; i < PACK; i++) {
#pragma unroll
                for (int h = 0; h < GROUP; h++) {
                    if (h0 + h < prompt.channels) {
                        parts[static_cast<i64>(h0 + h) * prompt.width + d + i] = sums[h][i];
                    }
                }
                if (with_sum && h0 == 0) {
                    parts[static_cast<i64>(prompt.channels) * prompt.width + d + i] = sums[GROUP][i];
                }
            }
        }
    }
}

// This frame's fovea as the warps see it.
__device__ __forceinline__ Fovea fovea_of(const Prompt &prompt) {
    return {static_cast<i64>(prompt.frames) * prompt.channels, prompt.positions, prompt.channels, TYPE_F32, TYPE_F32, TYPE_F32,
            TYPE_F32};
}

template <int PACK>
__device__ __forceinline__ void forward(const Prompt &prompt, const Weights &weights, float *out, float *narrow, float *sum,
                                        const void *image, const void *landmark) {
    i64 frame = blockIdx.x;
    i64 wide = frame * prompt.positions * prompt.width;
    i64 slim = frame * prompt.positions * prompt.channels;
    project<PACK>(prompt, narrow + slim, image, wide, prompt.image_type, weights.focus, weights.focus_bias, false);
    project<PACK>(prompt, sum + slim, landmark, wide, prompt.landmark_type, weights.other, weights.other_bias, false);
    __syncthreads();
    Fovea fovea = fovea_of(prompt);
    for (int h = warp_of_block(); h < prompt.channels; h += WARPS) {
        Column column(fovea, narrow, weights.smooth, frame * prompt.channels + h);
        fovea_forward(column, [&](int position, double y) {
            i64 at = column.at(position);
            sum[at] = static_cast<float>(y + sum[at]);
        });
    }
    __syncthreads();
    expand<PACK>(prompt, out + wide, sum + slim, weights.back, weights.back_bias, true);
}

// What the backward pass writes. grad_image, grad_landmark may be null, and so may parts [F, 3 H + 1, D]: the shares of a frame
// in the gradients of focus, other and (transposed) back, then of back's bias. narrow_parts [F H, 3]: those of smooth and of the
// biases of focus and other. grad_narrow, grad_sum [F, N, H]: gradients of z and s.
struct Gradients {
    float *grad_image, *grad_landmark, *grad_narrow, *grad_sum, *parts;
    double *narrow_parts;
};

template <int PACK>
__device__ __forceinline__ void backward(const Prompt &prompt, const Weights &weights, const Gradients &gradients,
                                         const void *grad_out, const void *image, const void *landmark, const float *narrow,
                                         const float *sum) {
    constexpr int FEW = PACK == 8 ? 2 : 1;
    i64 frame = blockIdx.x;
    i64 wide = frame * prompt.positions * prompt.width;
    i64 slim = frame * prompt.positions * prompt.channels;
    float *to_sum = gradients.grad_sum + slim;
    float *to_narrow = gradients.grad_narrow + slim;
    project<PACK>(prompt, to_sum, grad_out, wide, prompt.grad_type, weights.back, nullptr, true);
    __syncthreads();
    Fovea fovea = fovea_of(prompt);
    for (int h = warp_of_block(); h < prompt.channels; h += WARPS) {
        Column column(fovea, narrow, weights.smooth, frame * prompt.channels + h);
        double sum_narrow = 0;
        double sum_sum = 0;
        double to_smooth = fovea_backward(column, gradients.grad_sum, [&](int position, double g) {
            gradients.grad_narrow[column.at(position)] = static_cast<float>(g);
            sum_narrow += g;
            sum_sum += gradients.grad_sum[column.at(position)];
        });
        sum_narrow = warp_sum(sum_narrow);
        sum_sum = warp_sum(sum_sum);
        if (lane_of_warp() == 0) {
            double *own = gradients.narrow_parts + 3 * column.index;
            own[0] = to_smooth;
            own[1] = sum_narrow;
            own[2] = sum_sum;
        }
    }
    __syncthreads();
    if (gradients.grad_image != nullptr) {
        expand<PACK>(prompt, gradients.grad_image + wide, to_narrow, weights.focus, nullptr, false);
    }
    if (gradients.grad_landmark != nullptr) {
        expand<PACK>(prompt, gradients.grad_landmark + wide, to_sum, weights.other, nullptr, false);
    }
    if (gradients.parts != nullptr) {
        i64 matrix = static_cast<i64>(prompt.channels) * prompt.width;
        float *parts = gradients.parts + frame * (3 * matrix + prompt.width);
        outer<FEW>(prompt, parts, to_narrow, image, wide, prompt.image_type, false);
        outer<FEW>(prompt, parts + matrix, to_sum, landmark, wide, prompt.landmark_type, false);
        outer<FEW>(prompt, parts + 2 * matrix, sum + slim, grad_out, wide, prompt.grad_type, true);
    }
}

}  // namespace

// One block per frame.
extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_prompt_forward_any(Prompt prompt, Weights weights, float *out, float *narrow, float *sum, const void *image,
                             const void *landmark) {
    if (prompt.packed) {
        forward<8>(prompt, weights, out, narrow, sum, image, landmark);
    } else {
        forward<1>(prompt, weights, out, narrow, sum, image, landmark);
    }
}

// One block per frame.
extern "C" __global__ void __launch_bounds__(THREADS)
    fovea_prompt_backward_any(Prompt prompt, Weights weights, Gradients gradients, const void *grad_out, const void *image,
                              const void *landmark, const float *narrow, const float *sum) {
    if (prompt.packed) {
        backward<8>(prompt, weights, gradients, grad_out, image, landmark, narrow, sum);
    } else {
        backward<1>(prompt, weights, gradients, grad_out, image, landmark, narrow, sum);
    }
}

// The gradients of the weights, as Weights has them.
struct WeightGradients {
    float *focus, *focus_bias, *other, *other_bias, *smooth, *back, *back_bias;
};

// Adds up parts over the frames: threads (32 columns, 8 turns), grid (D / 32, 3 H + 1).
extern "C" __global__ void __launch_bounds__(FINISH_THREADS)
    fovea_prompt_backward_any_finish(Prompt prompt, WeightGradients gradients, const float *parts) {
    S2D_SHARED(double, shared);  // [8][32]
    int column = static_cast<int>(blockIdx.x * WARP + threadIdx.x);
    int row = static_cast<int>(blockIdx.y);
    i64 stride = static_cast<i64>(3 * prompt.channels + 1) * prompt.width;
    double sum = 0.0;
    if (column < prompt.width) {
        for (int frame = static_cast<int>(threadIdx.y); frame < prompt.frames; frame += FINISH_TURNS) {
            sum += parts[frame * stride + static_cast<i64>(row) * prompt.width + column];
        }
    }
    shared[threadIdx.y * WARP + threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y != 0 || column >= prompt.width) {
        return;
    }
    for (int turn = 1; turn < FINISH_TURNS; turn++) {
        sum += shared[turn * WARP + threadIdx.x];
    }
    int h = row % prompt.channels;
    if (row == 3 * prompt.channels) {
        gradients.back_bias[column] = static_cast<float>(sum);
    } else if (row >= 2 * prompt.channels) {
        gradients.back[static_cast<i64>(column) * prompt.channels + h] = static_cast<float>(sum);
    } else {
        float *matrix = row < prompt.channels ? gradients.focus : gradients.other;
        matrix[static_cast<i64>(h) * prompt.width + column] = static_cast<float>(sum);
    }
}

// Adds up narrow_parts over the frames: a warp for each channel's two biases, and one more for smooth.
extern "C" __global__ void __launch_bounds__(WARP)
    fovea_prompt_backward_any_narrow(Prompt prompt, WeightGradients gradients, const double *narrow_parts) {
    int h = static_cast<int>(blockIdx.x);
    bool is_smooth = h == prompt.channels;
    int count = is_smooth ? prompt.frames * prompt.channels : prompt.frames;
    double sums[2] = {};
    for (int i = lane_of_warp(); i < count; i += WARP) {
        const double *own = narrow_parts + 3 * (is_smooth ? static_cast<i64>(i) : static_cast<i64>(i) * prompt.channels + h);
        sums[0] += is_smooth ? own[0] : own[1];
        sums[1] += own[2];
    }
    sums[0] = warp_sum(sums[0]);
    sums[1] = warp_sum(sums[1]);
    if (lane_of_warp() == 0 && is_smooth) {
        gradients.smooth[0] = static_cast<float>(sums[0]);
    } else if (lane_of_warp() == 0) {
        gradients.focus_bias[h] = static_cast<float>(sums[0]);
        gradients.other_bias[h] = static_cast<float>(sums[1]);
    }
}
