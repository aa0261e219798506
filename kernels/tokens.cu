// Tokens on the move: weighted sums of rows given by their numbers, routing to experts, and patches of pixels as targets.
//
// The trick: nothing is scattered. Whoever moves rows has the list of both directions, so that each result is a sum over a few rows
// in a fixed order: no atomics, and equal inputs give equal bits. Experts have a fixed number of places; the places of one expert are
// given out by one block that walks over all tokens in their order.

#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP;

// CudaTokenKernels writes the same bytes.
struct Gather {
    i64 rows, base_rows;
    int width, k;
    int out_type, in_type, weight_type, absent_type, base_type;
};

// Calls visit(item) for each item of this warp.
template <class Visit>
__device__ __forceinline__ void for_warps(i64 count, Visit visit) {
    i64 step = static_cast<i64>(gridDim.x) * WARPS;
    for (i64 item = static_cast<i64>(blockIdx.x) * WARPS + warp_of_block(); item < count; item += step) {
        visit(item);
    }
}

// The expert with the greatest score of those not in `used`; of equal ones the first.
__device__ __forceinline__ int greatest(const void *scores, i64 at, int type, int experts, u64 used) {
    int found = -1;
    float most = 0.0f;
    for (int e = 0; e < experts; e++) {
        float score = load_any(scores, at + e, type);
        if ((used >> e & 1) == 0 && (found < 0 || score > most)) {
            found = e;
            most = score;
        }
    }
    return found;
}

// A number of a patch, un-normalised.
struct Pixels {
    const void *in, *scale, *shift;
    int in_type, scale_type, shift_type;
    int channels;

    __device__ __forceinline__ float at(i64 patch, int i) const {
        int c = i % channels;
        return fmaf(load_any(in, patch + i, in_type), load_any(scale, c, scale_type), load_any(shift, c, shift_type));
    }
};

}  // namespace

// out[r] = base[r mod base_rows] + sum_j weights[r, j] in[index[r, j]], where index -1 stands for absent. One warp per row.
extern "C" __global__ void __launch_bounds__(THREADS, 4)
    gather_forward_any(Gather gather, void *out, const void *in, const i64 *index, const void *weights, const void *absent,
                       const void *base) {
    int width = gather.width;
    for_warps(gather.rows, [&](i64 row) {
        const i64 *own = index + row * gather.k;
        // In 32 bits: division in 64 is a call, and costs a stack.
        i64 under = static_cast<i64>(static_cast<u32>(row) % static_cast<u32>(gather.base_rows)) * width;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float sum = base == nullptr ? 0.0f : load_any(base, under + i, gather.base_type);
            for (int j = 0; j < gather.k; j++) {
                i64 from = own[j];
                if (from < 0 && absent == nullptr) {
                    continue;
                }
                float x = from < 0 ? load_any(absent, i, gather.absent_type) : load_any(in, from * width + i, gather.in_type);
                sum = fmaf(weights == nullptr ? 1.0f : load_any(weights, row * gather.k + j, gather.weight_type), x, sum);
            }
            store_any(out, row * width + i, gather.out_type, sum);
        }
    });
}

// out[r, j] = rows[r] . in[index[r, j]]; base_type: that of rows. One warp per product.
extern "C" __global__ void __launch_bounds__(THREADS)
    gather_forward_any_dot(Gather gather, void *out, const void *rows, const void *in, const i64 *index) {
    for_warps(gather.rows * gather.k, [&](i64 at) {
        float sum = 0.0f;
        if (index[at] >= 0) {
            for (int i = lane_of_warp(); i < gather.width; i += WARP) {
                sum = fmaf(load_any(rows, at / gather.k * gather.width + i, gather.base_type),
                           load_any(in, index[at] * gather.width + i, gather.in_type), sum);
            }
        }
        sum = warp_sum(sum);
        if (lane_of_warp() == 0) {
            store_any(out, at, gather.out_type, sum);
        }
    });
}

// The k experts with the greatest scores of each token, and the softmax of these. One thread per token.
extern "C" __global__ void __launch_bounds__(THREADS)
    route_forward_any_choose(void *gates, i64 *chosen, const void *scores, i64 tokens, int experts, int k, int gate_type,
                             int score_type) {
    i64 token = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x;
    if (token >= tokens) {
        return;
    }
    u64 used = 0;
    float most = 0.0f;
    float sum = 0.0f;
    for (int j = 0; j < k; j++) {
        int e = greatest(scores, token * experts, score_type, experts, used);
        used |= 1ull << e;
        chosen[token * k + j] = e;
        float score = load_any(scores, token * experts + e, score_type);
        most = j == 0 ? score : most;
        sum += expf(score - most);
    }
    for (i64 pick = token * k; pick < (token + 1) * k; pick++) {
        float score = load_any(scores, token * experts + chosen[pick], score_type);
        store_any(gates, pick, gate_type, expf(score - most) / sum);
    }
}

// Gives the places of an expert to the tokens that chose it, in their order; one block per expert.
extern "C" __global__ void __launch_bounds__(THREADS)
    route_forward_any_assign(i64 *slots, i64 *token_of, i64 *pick_of, const i64 *chosen, i64 tokens, int k, int capacity) {
    S2D_SHARED(int, counts);  // [WARPS]
    i64 first_slot = static_cast<i64>(blockIdx.x) * capacity;
    i64 taken = 0;
    for (i64 first = 0; first < tokens; first += THREADS) {
        i64 token = first + threadIdx.x;
        i64 pick = -1;
        for (int j = 0; j < k && token < tokens; j++) {
            if (chosen[token * k + j] == blockIdx.x) {
                pick = token * k + j;
            }
        }
        u32 wanting = __ballot_sync(ALL_LANES, pick >= 0);
        if (lane_of_warp() == 0) {
            counts[warp_of_block()] = __popc(wanting);
        }
        __syncthreads();
        i64 place = taken + __popc(wanting & ((1u << lane_of_warp()) - 1));
        for (int warp = 0; warp < WARPS; warp++) {
            place += warp < warp_of_block() ? counts[warp] : 0;
            taken += counts[warp];
        }
        __syncthreads();
        if (pick >= 0) {
            bool fits = place < capacity;
            slots[pick] = fits ? first_slot + place : -1;
            if (fits) {
                token_of[first_slot + place] = token;
                pick_of[first_slot + place] = pick;
            }
        }
    }
    for (i64 place = taken + threadIdx.x; place < capacity; place += THREADS) {
        token_of[first_slot + place] = -1;
        pick_of[first_slot + place] = -1;
    }
}

// Part of a sample's tokens that chose an expert; one warp per sample and expert.
extern "C" __global__ void __launch_bounds__(THREADS)
    route_forward_any_shares(void *shares, const i64 *chosen, i64 samples, int tokens, int experts, int k, int type) {
    for_warps(samples * experts, [&](i64 item) {
        i64 first = item / experts * tokens * k;
        int count = 0;
        for (int i = lane_of_warp(); i < tokens * k; i += WARP) {
            count += chosen[first + i] == item % experts ? 1 : 0;
        }
        count = warp_sum(count);
        if (lane_of_warp() == 0) {
            store_any(shares, item, type, static_cast<float>(count) / static_cast<float>(tokens));
        }
    });
}

// Gradient of the softmax over the chosen scores; 0 for the others. One thread per token.
extern "C" __global__ void __launch_bounds__(THREADS)
    route_backward_any(void *grad_scores, const void *grad_gates, const void *gates, const i64 *chosen, i64 tokens, int experts,
                       int k, int out_type, int grad_type, int gate_type) {
    i64 token = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x;
    if (token >= tokens) {
        return;
    }
    for (int e = 0; e < experts; e++) {
        store_any(grad_scores, token * experts + e, out_type, 0.0f);
    }
    float sum = 0.0f;
    for (i64 pick = token * k; pick < (token + 1) * k; pick++) {
        sum = fmaf(load_any(gates, pick, gate_type), load_any(grad_gates, pick, grad_type), sum);
    }
    for (i64 pick = token * k; pick < (token + 1) * k; pick++) {
        float gradient = load_any(gates, pick, gate_type) * (load_any(grad_gates, pick, grad_type) - sum);
        store_any(grad_scores, token * experts + chosen[pick], out_type, gradient);
    }
}

// Numbers of patches [rows, numbers], un-normalised, then with mean 0 and unbiased variance 1 over each of `groups` groups: number i
// belongs to group i mod groups; no groups, no standardising. One warp per patch and group.
extern "C" __global__ void __launch_bounds__(THREADS)
    patch_targets_forward_any(Pixels pixels, void *out, i64 rows, int numbers, int groups, int out_type, float eps) {
    int parts = groups == 0 ? 1 : groups;
    int count = numbers / parts;
    for_warps(rows * parts, [&](i64 item) {
        i64 patch = item / parts * numbers;
        int group = static_cast<int>(item % parts);
        float mean = 0.0f;
        float factor = 1.0f;
        if (groups > 0) {
            float sum = 0.0f;
            for (int i = lane_of_warp(); i < count; i += WARP) {
                sum += pixels.at(patch, i * parts + group);
            }
            mean = warp_sum(sum) / count;
            float squares = 0.0f;
            for (int i = lane_of_warp(); i < count; i += WARP) {
                float deviation = pixels.at(patch, i * parts + group) - mean;
                squares = fmaf(deviation, deviation, squares);
            }
            factor = 1.0f / sqrtf(warp_sum(squares) / (count - 1) + eps);
        }
        for (int i = lane_of_warp(); i < count; i += WARP) {
            int at = i * parts + group;
            store_any(out, patch + at, out_type, (pixels.at(patch, at) - mean) * factor);
        }
    });
}
