// Losses per row of logits [rows, C] with targets [rows, C]: cross-entropy, binary cross-entropy with logits, squared error.
//
// A target distribution may be given by a label and a smoothing: `on` at the label, `off` elsewhere, together 1.
//
//   crossEntropy        loss = -sum_c target logSoftmax(logits)        gradLogits = gradLoss (softmax sum(target) - target)
//   binaryCrossEntropy  loss = mean_c softplus(logits) - logits target   gradLogits = gradLoss / C (sigmoid(logits) - target)
//   squaredError        loss = mean_c (in - target)^2                    gradIn = 2 gradLoss / C (in - target)
//
// The trick: loss and softmax in one pass over the row, so that no log-probabilities lie in memory. One warp per row; there are
// few rows, the launch costs more than the work.

#include "common/sigmoid.cuh"
#include "common/warp.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int ROWS = THREADS / WARP;

// Element types of loss (or its gradient), logits, target and the gradient of the logits. CudaLosses writes the same bytes.
struct Types {
    int loss, logits, target, grad_logits;
};

// Calls visit(row, offset of its first element) for each row of this warp.
template <class Visit>
__device__ __forceinline__ void for_rows(i64 rows, int width, Visit visit) {
    i64 step = static_cast<i64>(gridDim.x) * ROWS;
    for (i64 row = static_cast<i64>(blockIdx.x) * ROWS + warp_of_block(); row < rows; row += step) {
        visit(row, row * width);
    }
}

// Largest element of a row and the sum of exp(x - largest).
__device__ __forceinline__ void softmax_sums(const void *in, i64 at, int type, int width, float &most, float &sum) {
    most = -S2D_INFINITY;
    for (int i = lane_of_warp(); i < width; i += WARP) {
        most = fmaxf(most, load_any(in, at + i, type));
    }
    most = warp_max(most);
    sum = 0.0f;
    for (int i = lane_of_warp(); i < width; i += WARP) {
        sum += expf(load_any(in, at + i, type) - most);
    }
    sum = warp_sum(sum);
}

// What stands at a class of a row: target(row, offset of the row, class).
struct GivenTargets {
    const void *values;
    int type;

    __device__ __forceinline__ float operator()(i64, i64 at, int i) const { return load_any(values, at + i, type); }
};

struct LabelTargets {
    const void *labels;
    int type;
    float on, off;

    __device__ __forceinline__ float operator()(i64 row, i64, int i) const {
        return static_cast<int>(load_any(labels, row, type)) == i ? on : off;
    }
};

template <class Target>
__device__ __forceinline__ void cross_entropy(const Types &types, void *loss, const void *logits, Target target, i64 rows,
                                              int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float most, sum;
        softmax_sums(logits, at, types.logits, width, most, sum);
        float log_sum = logf(sum);
        float total = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            total -= target(row, at, i) * (load_any(logits, at + i, types.logits) - most - log_sum);
        }
        total = warp_sum(total);
        if (lane_of_warp() == 0) {
            store_any(loss, row, types.loss, total);
        }
    });
}

template <class Target>
__device__ __forceinline__ void cross_entropy_backward(const Types &types, void *grad_logits, const void *grad_loss,
                                                       const void *logits, Target target, i64 rows, int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float most, sum;
        softmax_sums(logits, at, types.logits, width, most, sum);
        float targets = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            targets += target(row, at, i);
        }
        targets = warp_sum(targets);
        float g = load_any(grad_loss, row, types.loss);
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float probability = expf(load_any(logits, at + i, types.logits) - most) / sum;
            float difference = fmaf(probability, targets, -target(row, at, i));
            store_any(grad_logits, at + i, types.grad_logits, g * difference);
        }
    });
}

}  // namespace

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_forward_any(Types types, void *loss, const void *logits, const void *target, i64 rows, int width) {
    cross_entropy(types, loss, logits, GivenTargets{target, types.target}, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_forward_any_labels(Types types, void *loss, const void *logits, const void *labels, i64 rows, int width, float on,
                                     float off) {
    cross_entropy(types, loss, logits, LabelTargets{labels, types.target, on, off}, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_backward_any(Types types, void *grad_logits, const void *grad_loss, const void *logits, const void *target,
                               i64 rows, int width) {
    cross_entropy_backward(types, grad_logits, grad_loss, logits, GivenTargets{target, types.target}, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy_backward_any_labels(Types types, void *grad_logits, const void *grad_loss, const void *logits, const void *labels,
                                      i64 rows, int width, float on, float off) {
    cross_entropy_backward(types, grad_logits, grad_loss, logits, LabelTargets{labels, types.target, on, off}, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    binary_cross_entropy_forward_any(Types types, void *loss, const void *logits, const void *target, i64 rows, int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float total = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float x = load_any(logits, at + i, types.logits);
            total += fmaf(-x, load_any(target, at + i, types.target), softplus(x));
        }
        total = warp_sum(total) / width;
        if (lane_of_warp() == 0) {
            store_any(loss, row, types.loss, total);
        }
    });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    binary_cross_entropy_backward_any(Types types, void *grad_logits, const void *grad_loss, const void *logits,
                                      const void *target, i64 rows, int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float g = load_any(grad_loss, row, types.loss) / width;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float difference = sigmoid(load_any(logits, at + i, types.logits)) - load_any(target, at + i, types.target);
            store_any(grad_logits, at + i, types.grad_logits, g * difference);
        }
    });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    squared_error_forward_any(Types types, void *loss, const void *in, const void *target, i64 rows, int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float total = 0.0f;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float difference = load_any(in, at + i, types.logits) - load_any(target, at + i, types.target);
            total = fmaf(difference, difference, total);
        }
        total = warp_sum(total) / width;
        if (lane_of_warp() == 0) {
            store_any(loss, row, types.loss, total);
        }
    });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    squared_error_backward_any(Types types, void *grad_in, const void *grad_loss, const void *in, const void *target, i64 rows,
                               int width) {
    for_rows(rows, width, [&](i64 row, i64 at) {
        float g = 2.0f * load_any(grad_loss, row, types.loss) / width;
        for (int i = lane_of_warp(); i < width; i += WARP) {
            float difference = load_any(in, at + i, types.logits) - load_any(target, at + i, types.target);
            store_any(grad_in, at + i, types.grad_logits, g * difference);
        }
    });
}
