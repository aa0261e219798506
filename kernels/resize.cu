// Images in another size by bilinear or bicubic (a = -0.75) interpolation, and the gradient. [B C, H, W], as ResizeAxis says.
//
// The trick: the gradient is gathered, not scattered: the outputs that read a pixel are neighbours, and their range is found by
// bisection, since where outputs start to read never decreases. So every sum has a fixed order and nothing is atomic. Positions
// are computed in double, as on the host. Bound by memory bandwidth.

#include "common/types.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int MAX_TAPS = 4;
constexpr double A = -0.75;

struct Axis {
    int in, out;
    int taps;  // 2: bilinear, 4: bicubic
    int aligned;
    double scale;
};

struct Resize {
    i64 planes;
    Axis rows, columns;
    int out_type, in_type;
};

// Where an output reads: `taps` pixels from `start` on, each moved inside.
struct Reads {
    int start;
    float weights[MAX_TAPS];
};

__device__ __forceinline__ double position_of(const Axis &axis, int i) {
    double position = axis.aligned ? i * axis.scale : (i + 0.5) * axis.scale - 0.5;
    return axis.taps == 2 && position < 0.0 ? 0.0 : position;
}

__device__ __forceinline__ int left_of(const Axis &axis, double position) {
    int left = static_cast<int>(floor(position));
    return axis.taps == 2 ? min(left, axis.in - 1) : left;
}

__device__ __forceinline__ int start_of(const Axis &axis, int i) {
    return left_of(axis, position_of(axis, i)) - (axis.taps == 2 ? 0 : 1);
}

// Keys' cubic convolution kernel.
__device__ __forceinline__ double cubic(double x) {
    return x <= 1.0 ? ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0 : ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
}

__device__ __forceinline__ Reads reads_of(const Axis &axis, int i) {
    double position = position_of(axis, i);
    int left = left_of(axis, position);
    double fraction = position - left;
    Reads reads;
    if (axis.taps == 2) {
        reads = {left, {static_cast<float>(1.0 - fraction), static_cast<float>(fraction)}};
    } else {
        reads.start = left - 1;
#pragma unroll
        for (int tap = 0; tap < MAX_TAPS; tap++) {
            reads.weights[tap] = static_cast<float>(cubic(fabs(fraction + 1.0 - tap)));
        }
    }
    return reads;
}

__device__ __forceinline__ int inside(const Axis &axis, int at) { return min(max(at, 0), axis.in - 1); }

// The first output that starts to read at `start` or after it.
__device__ __forceinline__ int first_from(const Axis &axis, int start) {
    int low = 0;
    int high = axis.out;
    while (low < high) {
        int middle = (low + high) / 2;
        if (start_of(axis, middle) >= start) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

struct Range {
    int from, to;
};

// The outputs that may read a pixel; those at the edge are also read in place of what lies outside.
__device__ __forceinline__ Range readers_of(const Axis &axis, int pixel) {
    return {pixel == 0 ? 0 : first_from(axis, pixel - axis.taps + 1), pixel == axis.in - 1 ? axis.out : first_from(axis, pixel + 1)};
}

}  // namespace

// One output for each thread, in turns.
extern "C" __global__ void __launch_bounds__(THREADS) resize_forward_any(Resize resize, void *out, const void *in) {
    const Axis &rows = resize.rows;
    const Axis &columns = resize.columns;
    i64 count = resize.planes * rows.out * columns.out;
    i64 turn = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += turn) {
        Reads across = reads_of(columns, static_cast<int>(i % columns.out));
        Reads down = reads_of(rows, static_cast<int>(i / columns.out % rows.out));
        i64 plane = i / columns.out / rows.out * rows.in;
        float sum = 0.0f;
#pragma unroll
        for (int m = 0; m < MAX_TAPS; m++) {
            if (m < rows.taps) {
                i64 row = (plane + inside(rows, down.start + m)) * columns.in;
                float blend = 0.0f;
#pragma unroll
                for (int n = 0; n < MAX_TAPS; n++) {
                    if (n < columns.taps) {
                        float x = load_any(in, row + inside(columns, across.start + n), resize.in_type);
                        blend = fmaf(across.weights[n], x, blend);
                    }
                }
                sum = fmaf(down.weights[m], blend, sum);
            }
        }
        store_any(out, i, resize.out_type, sum);
    }
}

// One input pixel for each thread, in turns.
extern "C" __global__ void __launch_bounds__(THREADS) resize_backward_any(Resize resize, void *grad_in, const void *grad_out) {
    const Axis &rows = resize.rows;
    const Axis &columns = resize.columns;
    i64 count = resize.planes * rows.in * columns.in;
    i64 turn = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += turn) {
        int column = static_cast<int>(i % columns.in);
        int row = static_cast<int>(i / columns.in % rows.in);
        i64 plane = i / columns.in / rows.in * rows.out;
        Range across = readers_of(columns, column);
        Range down = readers_of(rows, row);
        float sum = 0.0f;
        for (int y = down.from; y < down.to; y++) {
            Reads from_rows = reads_of(rows, y);
            for (int x = across.from; x < across.to; x++) {
                Reads from_columns = reads_of(columns, x);
                float grad = load_any(grad_out, (plane + y) * columns.out + x, resize.out_type);
#pragma unroll
                for (int m = 0; m < MAX_TAPS; m++) {
#pragma unroll
                    for (int n = 0; n < MAX_TAPS; n++) {
                        bool reads = m < rows.taps && inside(rows, from_rows.start + m) == row && n < columns.taps &&
                                     inside(columns, from_columns.start + n) == column;
                        if (reads) {
                            sum = fmaf(from_rows.weights[m] * from_columns.weights[n], grad, sum);
                        }
                    }
                }
            }
        }
        store_any(grad_in, i, resize.in_type, sum);
    }
}
