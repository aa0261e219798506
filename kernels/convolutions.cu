// Convolution of images and its gradients, NCHW, in groups, with zero padding.
//
//   r[b,o,y,x] = bias[o] + sum_{c,m,n} weight[o,c,m,n] in[b, c, y stride + m - padding, x stride + n - padding]
//   out = min(r >= 0 ? r : slope[o] r, ceiling) + residual
//
// in [B, C, H, W], weight [O, C/groups, kh, kw], out [B, O, H', W'].
//
// The trick: output and both gradients are matrix products of something that lies in memory (weight, weight, gradient of the
// output) with something that is gathered from an image, so that one loop over tiles in shared memory does all three. Positions
// are split into image, row and column once, or once per step, and counted on from there. Sums over the whole batch are cut into
// parts that are added in a fixed order. Depth-wise convolutions have kernels of their own, bound by memory bandwidth.

#include "common/block.cuh"

namespace {

constexpr int THREADS = 256;
constexpr int TILE = 64;          // rows, and columns, of a block
constexpr int STEP = 16;          // of the inner dimension that is in shared memory at a time
constexpr int OWN = 4;            // rows, and columns, of a thread
constexpr int STRIDE = TILE + 4;  // between rows of a tile in shared memory: writing down a column meets different banks
constexpr int FLUSH = 8 * STEP;   // terms after which a sum is put aside, so that long sums keep their last bits
constexpr int LOADS = TILE * STEP / THREADS;
constexpr int RUN = 4;  // neighbouring outputs of a thread, depth-wise

// Stands for what is not there, in gradients, where a product with it does not count even if the other factor is NaN. Going
// forward, padding is zeros, and a weight that is NaN shows there too.
constexpr u32 ABSENT = 0x7fc5a5a5u;

struct Conv {
    int batch, in_channels, in_height, in_width;
    int out_channels, out_height, out_width;
    int kernel_height, kernel_width;
    int stride_h, stride_w, padding_h, padding_w;
    int groups;
    int parts;  // of the sums over the batch
    float ceiling;
    int in_type, out_type, weight_type, bias_type, slope_type, residual_type;

    __device__ __forceinline__ int taps() const { return kernel_height * kernel_width; }
    __device__ __forceinline__ int group_in() const { return in_channels / groups; }
    __device__ __forceinline__ int group_out() const { return out_channels / groups; }
    __device__ __forceinline__ int depth() const { return group_in() * taps(); }
    __device__ __forceinline__ int positions() const { return out_height * out_width; }
};

// (image, row, column) of a pixel, or (channel, row, column) of a tap.
struct Place {
    int first, row, column;
};

struct Extent {
    int rows, columns;

    __device__ __forceinline__ Place place(int index) const {
        int line = index / columns;
        return {line / rows, line % rows, index % columns};
    }

    __device__ __forceinline__ void advance(Place &at) const {
        if (++at.column == columns) {
            at.column = 0;
            if (++at.row == rows) {
                at.row = 0;
                at.first++;
            }
        }
    }
};

// Row r, column k of the left matrix is element at + k / inner * outer_stride + k % inner + r * row_stride.
struct Left {
    const void *from;
    int type;
    i64 at;
    int inner;
    i64 outer_stride, row_stride;
};

// What a tap reads for an output pixel.
struct Patches {
    static constexpr bool GAPS = false;
    const Conv &conv;
    const void *in;
    int first_channel;

    __device__ __forceinline__ float load(const Place &pixel, const Place &tap, float outside = 0.0f) const {
        int y = pixel.row * conv.stride_h + tap.row - conv.padding_h;
        int x = pixel.column * conv.stride_w + tap.column - conv.padding_w;
        if (y < 0 || y >= conv.in_height || x < 0 || x >= conv.in_width) {
            return outside;
        }
        i64 plane = static_cast<i64>(pixel.first) * conv.in_channels + first_channel + tap.first;
        return load_any(in, (plane * conv.in_height + y) * conv.in_width + x, conv.in_type);
    }
};

// Output row or column that reads this one of the input through this tap; -1 if none does.
__device__ __forceinline__ int reader(int at, int tap, int padding, int stride, int size) {
    int shifted = at + padding - tap;
    if (shifted < 0 || shifted % stride != 0 || shifted / stride >= size) {
        return -1;
    }
    return shifted / stride;
}

// The gradient of what an input pixel went to through a tap; tap.first is an output channel.
struct Readers {
    static constexpr bool GAPS = true;
    const Conv &conv;
    const void *grad_out;
    int first_channel;

    __device__ __forceinline__ float load(const Place &pixel, const Place &tap) const {
        int y = reader(pixel.row, tap.row, conv.padding_h, conv.stride_h, conv.out_height);
        int x = reader(pixel.column, tap.column, conv.padding_w, conv.stride_w, conv.out_width);
        if (y < 0 || x < 0) {
            return __uint_as_float(ABSENT);
        }
        i64 plane = static_cast<i64>(pixel.first) * conv.out_channels + first_channel + tap.first;
        return load_any(grad_out, (plane * conv.out_height + y) * conv.out_width + x, conv.out_type);
    }
};

// Columns are taps and the inner dimension runs over pixels, instead of the other way round.
struct TransposedPatches {
    static constexpr bool GAPS = true;
    Patches patches;

    __device__ __forceinline__ float load(const Place &tap, const Place &pixel) const {
        return patches.load(pixel, tap, __uint_as_float(ABSENT));
    }
};

struct Product {
    int rows, columns;
    int from, to;  // of the inner dimension
    Extent column_extent, inner_extent;
};

__device__ __forceinline__ void put_aside(float (&totals)[OWN][OWN], float (&sums)[OWN][OWN]) {
#pragma unroll
    for (int i = 0; i < OWN; i++) {
#pragma unroll
        for (int j = 0; j < OWN; j++) {
            totals[i][j] += sums[i][j];
            sums[i][j] = 0.0f;
        }
    }
}

// A tile of the product; each thread gets OWN x OWN sums, its rows from own_row() and columns from own_column() on.
template <class Right>
__device__ __forceinline__ void multiply(float (&totals)[OWN][OWN], const Product &product, const Left &left, const Right &right) {
    S2D_SHARED(float, lefts);               // [STEP][STRIDE]
    float *rights = lefts + STEP * STRIDE;  // [STEP][STRIDE]
    int thread = static_cast<int>(threadIdx.x);
    int left_step = thread % STEP;
    int left_row = thread / STEP;
    int right_column = thread % TILE;
    int right_step = thread / TILE * LOADS;
    int first_row = static_cast<int>(blockIdx.y) * TILE;
    int column = static_cast<int>(blockIdx.x) * TILE + right_column;
    Place column_place = product.column_extent.place(column);
    float sums[OWN][OWN] = {};
    for (int start = product.from; start < product.to; start += STEP) {
        float from_left[LOADS];
        float from_right[LOADS];
        int k = start + left_step;
        i64 at = left.at + k / left.inner * left.outer_stride + k % left.inner;
#pragma unroll
        for (int i = 0; i < LOADS; i++) {
            int row = first_row + left_row + i * (THREADS / STEP);
            bool inside = k < product.to && row < product.rows;
            from_left[i] = inside ? load_any(left.from, at + row * left.row_stride, left.type) : 0.0f;
        }
        Place inner_place = product.inner_extent.place(start + right_step);
#pragma unroll
        for (int i = 0; i < LOADS; i++) {
            bool inside = start + right_step + i < product.to && column < product.columns;
            from_right[i] = inside ? right.load(column_place, inner_place) : 0.0f;
            product.inner_extent.advance(inner_place);
        }
        __syncthreads();
#pragma unroll
        for (int i = 0; i < LOADS; i++) {
            lefts[left_step * STRIDE + left_row + i * (THREADS / STEP)] = from_left[i];
            rights[(right_step + i) * STRIDE + right_column] = from_right[i];
        }
        __syncthreads();
        const float *own_left = lefts + thread / (TILE / OWN) * OWN;
        const float *own_right = rights + thread % (TILE / OWN) * OWN;
#pragma unroll
        for (int step = 0; step < STEP; step++) {
            float a[OWN];
            float b[OWN];
            load_pack(own_left + step * STRIDE, a);
            load_pack(own_right + step * STRIDE, b);
#pragma unroll
            for (int j = 0; j < OWN; j++) {
                if (!Right::GAPS || __float_as_uint(b[j]) != ABSENT) {
#pragma unroll
                    for (int i = 0; i < OWN; i++) {
                        sums[i][j] = fmaf(a[i], b[j], sums[i][j]);
                    }
                }
            }
        }
        if ((start - product.from) % FLUSH == FLUSH - STEP) {
            put_aside(totals, sums);
        }
    }
    put_aside(totals, sums);
}

__device__ __forceinline__ int own_row() { return static_cast<int>(blockIdx.y * TILE + threadIdx.x / (TILE / OWN) * OWN); }

__device__ __forceinline__ int own_column() { return static_cast<int>(blockIdx.x * TILE + threadIdx.x % (TILE / OWN) * OWN); }

// Gives each sum of the tile to `store(row, column, sum)`, neighbouring columns to neighbouring threads. One after the other: the
// code of `store` has a path for each combination of types, and sixteen copies of that would be a megabyte.
template <class Store>
__device__ __forceinline__ void store_tile(const Product &product, const float (&sums)[OWN][OWN], const Store &store) {
    S2D_SHARED(float, tile);  // [TILE / 2][STRIDE], where the operands were
    int thread = static_cast<int>(threadIdx.x);
    int row = thread / (TILE / OWN) * OWN;
    int column = thread % (TILE / OWN) * OWN;
#pragma unroll 1
    for (int first = 0; first < TILE; first += TILE / 2) {
        __syncthreads();
        if (row / (TILE / 2) == first / (TILE / 2)) {
#pragma unroll
            for (int i = 0; i < OWN; i++) {
                store_pack(tile + (row - first + i) * STRIDE + column, sums[i]);
            }
        }
        __syncthreads();
#pragma unroll 1
        for (int i = thread; i < TILE / 2 * TILE; i += THREADS) {
            int to_row = static_cast<int>(blockIdx.y) * TILE + first + i / TILE;
            int to_column = static_cast<int>(blockIdx.x) * TILE + i % TILE;
            if (to_row < product.rows && to_column < product.columns) {
                store(to_row, to_column, tile[i / TILE * STRIDE + i % TILE]);
            }
        }
    }
}

// What becomes of an output's sum.
struct Ends {
    void *out;
    const void *bias, *slope, *residual;
};

__device__ __forceinline__ void finish(const Conv &conv, const Ends &ends, int channel, i64 at, float sum) {
    float r = ends.bias == nullptr ? sum : sum + load_any(ends.bias, channel, conv.bias_type);
    if (ends.slope != nullptr && !(r >= 0.0f)) {
        r *= load_any(ends.slope, channel, conv.slope_type);
    }
    r = r > conv.ceiling ? conv.ceiling : r;
    if (ends.residual != nullptr) {
        r += load_any(ends.residual, at, conv.residual_type);
    }
    store_any(ends.out, at, conv.out_type, r);
}

}  // namespace

// Rows are output channels of a group, columns all output pixels. Grid (columns / TILE, rows / TILE, groups).
extern "C" __global__ void __launch_bounds__(THREADS)
    conv2d_forward_any(Conv conv, void *out, const void *in, const void *weight, const void *bias, const void *slope,
                       const void *residual) {
    int group = static_cast<int>(blockIdx.z);
    int first = group * conv.group_out();
    int depth = conv.depth();
    Extent pixels = {conv.out_height, conv.out_width};
    Product product = {conv.group_out(), conv.batch * conv.positions(), 0, depth, pixels, {conv.kernel_height, conv.kernel_width}};
    Left left = {weight, conv.weight_type, static_cast<i64>(first) * depth, max(depth, 1), 0, depth};
    float sums[OWN][OWN] = {};
    multiply(sums, product, left, Patches{conv, in, group * conv.group_in()});
    Ends ends = {out, bias, slope, residual};
    store_tile(product, sums, [&](int row, int column, float sum) {
        int channel = first + row;
        i64 image = column / conv.positions();
        i64 at = (image * conv.out_channels + channel) * conv.positions() + column % conv.positions();
        finish(conv, ends, channel, at, sum);
    });
}

// Finishes `count` sums that another library left in `out`, in place.
extern "C" __global__ void __launch_bounds__(THREADS)
    conv2d_forward_any_epilogue(Conv conv, void *out, const void *bias, const void *slope, const void *residual, i64 count) {
    Ends ends = {out, bias, slope, residual};
    i64 turn = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 at = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; at < count; at += turn) {
        int channel = static_cast<int>(at / conv.positions() % conv.out_channels);
        finish(conv, ends, channel, at, load_any(out, at, conv.out_type));
    }
}

// Rows are input channels of a group, columns all input pixels. Grid (columns / TILE, rows / TILE, groups).
extern "C" __global__ void __launch_bounds__(THREADS)
    conv2d_backward_any_input(Conv conv, void *grad_in, const void *grad_out, const void *weight) {
    int group = static_cast<int>(blockIdx.z);
    int first_out = group * conv.group_out();
    int pixels = conv.in_height * conv.in_width;
    int taps = conv.taps();
    i64 depth = conv.depth();
    Extent image = {conv.in_height, conv.in_width};
    Product product = {conv.group_in(), conv.batch * pixels, 0, conv.group_out() * taps, image, {conv.kernel_height, conv.kernel_width}};
    Left left = {weight, conv.weight_type, first_out * depth, taps, depth, taps};
    float sums[OWN][OWN] = {};
    multiply(sums, product, left, Readers{conv, grad_out, first_out});
    store_tile(product, sums, [&](int row, int column, float sum) {
        i64 plane = static_cast<i64>(column / pixels) * conv.in_channels + group * conv.group_in() + row;
        store_any(grad_in, plane * pixels + column % pixels, conv.in_type, sum);
    });
}

// Parts of the weight's gradient, `parts` [parts, O, depth]: rows are output channels of a group, columns its taps, the sums go
// over output pixels. Grid (columns / TILE, rows / TILE, groups * parts).
extern "C" __global__ void __launch_bounds__(THREADS)
    conv2d_backward_any_parts(Conv conv, float *parts, const void *grad_out, const void *in) {
    int group = static_cast<int>(blockIdx.z) / conv.parts;
    int part = static_cast<int>(blockIdx.z) % conv.parts;
    int first = group * conv.group_out();
    int depth = conv.depth();
    i64 pixels = static_cast<i64>(conv.batch) * conv.positions();
    int from = static_cast<int>(pixels * part / conv.parts);
    int to = static_cast<int>(pixels * (part + 1) / conv.parts);
    Extent image = {conv.out_height, conv.out_width};
    Product product = {conv.group_out(), depth, from, to, {conv.kernel_height, conv.kernel_width}, image};
    i64 positions = conv.positions();
    Left left = {grad_out, conv.out_type, first * positions, conv.positions(), conv.out_channels * positions, positions};
    float sums[OWN][OWN] = {};
    multiply(sums, product, left, TransposedPatches{{conv, in, group * conv.group_in()}});
#pragma unroll
    for (int i = 0; i < OWN; i++) {
#pragma unroll
        for (int j = 0; j < OWN; j++) {
            int row = own_row() + i;
            int column = own_column() + j;
            if (row < product.rows && column < depth) {
                parts[(static_cast<i64>(part) * conv.out_channels + first + row) * depth + column] = sums[i][j];
            }
        }
    }
}

// Adds the parts; one thread for each of `count` weights.
extern "C" __global__ void __launch_bounds__(THREADS)
    conv2d_backward_any_finish(Conv conv, void *grad_weight, const float *parts, i64 count) {
    i64 at = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x;
    if (at < count) {
        double sum = 0;
        for (int part = 0; part < conv.parts; part++) {
            sum += parts[part * count + at];
        }
        store_any(grad_weight, at, conv.weight_type, static_cast<float>(sum));
    }
}

// Depth-wise: RUN neighbouring outputs for each thread, in turns, `count` runs.
extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise_conv2d_forward_any(Conv conv, void *out, const void *in, const void *weight, const void *bias, const void *slope,
                                 const void *residual, i64 count) {
    int runs = (conv.out_width + RUN - 1) / RUN;
    Ends ends = {out, bias, slope, residual};
    i64 turn = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += turn) {
        int column = static_cast<int>(i % runs) * RUN;
        i64 line = i / runs;
        int row = static_cast<int>(line % conv.out_height);
        i64 plane = line / conv.out_height;
        int channel = static_cast<int>(plane % conv.out_channels);
        float sums[RUN] = {};
        for (int m = 0; m < conv.kernel_height; m++) {
            int y = row * conv.stride_h + m - conv.padding_h;
            bool row_inside = y >= 0 && y < conv.in_height;
            i64 from = (plane * conv.in_height + y) * conv.in_width;
            for (int n = 0; n < conv.kernel_width; n++) {
                i64 tap = (static_cast<i64>(channel) * conv.kernel_height + m) * conv.kernel_width + n;
                float w = load_any(weight, tap, conv.weight_type);
#pragma unroll
                for (int j = 0; j < RUN; j++) {
                    int x = (column + j) * conv.stride_w + n - conv.padding_w;
                    bool inside = row_inside && x >= 0 && x < conv.in_width;
                    sums[j] = fmaf(w, inside ? load_any(in, from + x, conv.in_type) : 0.0f, sums[j]);
                }
            }
        }
        // One after the other, as in store_tile; registers have no index at run time.
#pragma unroll 1
        for (int j = column; j < min(column + RUN, conv.out_width); j++) {
            finish(conv, ends, channel, line * conv.out_width + j, sums[0]);
#pragma unroll
            for (int next = 1; next < RUN; next++) {
                sums[next - 1] = sums[next];
            }
        }
    }
}

// Depth-wise: one of `count` input pixels for each thread, in turns.
extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise_conv2d_backward_any_input(Conv conv, void *grad_in, const void *grad_out, const void *weight, i64 count) {
    i64 turn = static_cast<i64>(gridDim.x) * THREADS;
    for (i64 i = static_cast<i64>(blockIdx.x) * THREADS + threadIdx.x; i < count; i += turn) {
        int column = static_cast<int>(i % conv.in_width);
        int row = static_cast<int>(i / conv.in_width % conv.in_height);
        i64 plane = i / conv.in_width / conv.in_height;
        i64 channel = plane % conv.in_channels;
        float sum = 0.0f;
        for (int m = 0; m < conv.kernel_height; m++) {
            int y = reader(row, m, conv.padding_h, conv.stride_h, conv.out_height);
            for (int n = 0; n < conv.kernel_width && y >= 0; n++) {
                int x = reader(column, n, conv.padding_w, conv.stride_w, conv.out_width);
                if (x >= 0) {
                    float w = load_any(weight, (channel * conv.kernel_height + m) * conv.kernel_width + n, conv.weight_type);
                    float g = load_any(grad_out, (plane * conv.out_height + y) * conv.out_width + x, conv.out_type);
                    sum = fmaf(w, g, sum);
                }
            }
        }
        store_any(grad_in, i, conv.in_type, sum);
    }
}

// Depth-wise: one block for each tap of each channel.
extern "C" __global__ void __launch_bounds__(THREADS)
    depthwise_conv2d_backward_any_weight(Conv conv, void *grad_weight, const void *grad_out, const void *in) {
    S2D_SHARED(float, scratch);  // one for each warp
    int channel = static_cast<int>(blockIdx.x) / conv.taps();
    int tap = static_cast<int>(blockIdx.x) % conv.taps();
    Place where = {0, tap / conv.kernel_width, tap % conv.kernel_width};
    Extent image = {conv.out_height, conv.out_width};
    Patches patches = {conv, in, channel};
    u32 count = static_cast<u32>(conv.batch) * conv.positions();
    float sum = 0.0f;
    for (u32 i = threadIdx.x; i < count; i += THREADS) {
        Place pixel = image.place(static_cast<int>(i));
        int y = pixel.row * conv.stride_h + where.row - conv.padding_h;
        int x = pixel.column * conv.stride_w + where.column - conv.padding_w;
        if (y >= 0 && y < conv.in_height && x >= 0 && x < conv.in_width) {
            i64 plane = static_cast<i64>(pixel.first) * conv.out_channels + channel;
            float g = load_any(grad_out, (plane * conv.out_height + pixel.row) * conv.out_width + pixel.column, conv.out_type);
            sum = fmaf(g, patches.load(pixel, where), sum);
        }
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        store_any(grad_weight, blockIdx.x, conv.weight_type, sum);
    }
}
