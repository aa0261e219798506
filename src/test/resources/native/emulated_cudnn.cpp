// A libcudnn.so.9 of our own: convolutions in F32 as plain loops over the memory of the driver's stand-in, in the order of the
// stream. It refuses what does not fit together, tensor cores (they would round to TF32), algorithms that add in any order, and
// buffers that are too small. Groups of three and more are "not supported", so that the backend has to do them itself.
// STANDIN_CUDNN_VERSION in the environment is what it says of itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>

extern "C" int cuLaunchHostFunc(int64_t stream, void (*function)(void *), void *data);
extern "C" int cuMemGetAddressRange_v2(int64_t *start, size_t *bytes, int64_t address);

namespace {

// As of version 9.
enum Status { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, EXECUTION_FAILED = 5000 };

constexpr int NCHW = 0;
constexpr int FLOAT = 0;
constexpr int CROSS_CORRELATION = 1;
constexpr int FMA_MATH = 3;
constexpr int MOST_GROUPS = 2;
constexpr int FIXED_ORDER = 1;  // of the additions: this algorithm, in all three directions
constexpr size_t WORKSPACE = 1000;

struct Context {
    int64_t stream = 0;
};

// [n, c, h, w], packed; of a filter [k, c, h, w].
struct Tensor {
    int n = 0, c = 0, h = 0, w = 0;

    bool fits(int64_t address) const {
        int64_t start;
        size_t bytes;
        return address % sizeof(float) == 0 && cuMemGetAddressRange_v2(&start, &bytes, address) == 0 &&
               int64_t(n) * c * h * w * sizeof(float) <= bytes;
    }

    int64_t at(int64_t i, int64_t j, int64_t y, int64_t x) const { return ((i * c + j) * h + y) * w + x; }
};

struct Convolution {
    int pad_h = 0, pad_w = 0, stride_h = 0, stride_w = 0;
    int groups = 1, math = 0;

    Status check(const Tensor &in, const Tensor &filter, const Tensor &out) const {
        if (groups > MOST_GROUPS || math != FMA_MATH) {
            return NOT_SUPPORTED;
        }
        bool fits = stride_h > 0 && stride_w > 0 && in.n == out.n && in.c == filter.c * groups && out.c == filter.n &&
                    out.c % groups == 0 && out.h == (in.h + 2 * pad_h - filter.h) / stride_h + 1 &&
                    out.w == (in.w + 2 * pad_w - filter.w) / stride_w + 1;
        return fits ? SUCCESS : BAD_PARAM;
    }

    // Calls `visit` with the places in input, filter and output of every product.
    void each(const Tensor &in, const Tensor &filter, const Tensor &out,
              const std::function<void(int64_t, int64_t, int64_t)> &visit) const {
        for (int b = 0; b < out.n; b++) {
            for (int o = 0; o < out.c; o++) {
                int first = o / (out.c / groups) * filter.c;
                for (int64_t place = 0; place < int64_t(out.h) * out.w * filter.c * filter.h * filter.w; place++) {
                    int64_t rest = place;
                    int n = rest % filter.w, m = (rest /= filter.w) % filter.h, c = (rest /= filter.h) % filter.c;
                    int x = (rest /= filter.c) % out.w, y = rest / out.w;
                    int from_y = y * stride_h + m - pad_h, from_x = x * stride_w + n - pad_w;
                    if (from_y >= 0 && from_y < in.h && from_x >= 0 && from_x < in.w) {
                        visit(in.at(b, first + c, from_y, from_x), filter.at(o, c, m, n), out.at(b, o, y, x));
                    }
                }
            }
        }
    }
};

int workspace_size(Status status, int algorithm, size_t *bytes) {
    if (status == SUCCESS) {
        *bytes = WORKSPACE;
    }
    return status != SUCCESS || algorithm == FIXED_ORDER ? status : BAD_PARAM;
}

// Runs a direction: checks, then adds up `to` from products of `left` and `right`, which `visit` picks out of the three places.
template <class Visit>
int run(const Context *handle, const Convolution &convolution, const Tensor &in, const Tensor &filter, const Tensor &out,
        const float *alpha, const float *beta, int algorithm, int64_t workspace, size_t workspace_bytes,
        std::initializer_list<std::pair<const Tensor *, int64_t>> buffers, int64_t to, const Tensor &to_shape, Visit visit) {
    if (Status status = convolution.check(in, filter, out); status != SUCCESS) {
        return status;
    }
    for (const auto &[tensor, address] : buffers) {
        if (!tensor->fits(address)) {
            return BAD_PARAM;
        }
    }
    int64_t start;
    size_t there;
    if (algorithm != FIXED_ORDER || *alpha != 1 || *beta != 0 || workspace_bytes < WORKSPACE ||
        cuMemGetAddressRange_v2(&start, &there, workspace) != 0 || there < workspace_bytes) {
        return BAD_PARAM;
    }
    auto *work = new std::function<void()>([=] {
        auto *result = reinterpret_cast<float *>(to);
        for (int64_t i = 0; i < int64_t(to_shape.n) * to_shape.c * to_shape.h * to_shape.w; i++) {
            result[i] = 0;
        }
        convolution.each(in, filter, out, [&](int64_t i, int64_t f, int64_t o) { visit(result, i, f, o); });
    });
    auto call = [](void *data) { (*static_cast<std::function<void()> *>(data))(); };  // stays: a graph may repeat it
    return cuLaunchHostFunc(handle->stream, call, work) == 0 ? SUCCESS : EXECUTION_FAILED;
}

const float *floats(int64_t address) { return reinterpret_cast<const float *>(address); }

}  // namespace

extern "C" {

size_t cudnnGetVersion() {
    const char *text = std::getenv("STANDIN_CUDNN_VERSION");
    return text == nullptr ? 90501 : std::atoi(text);
}

const char *cudnnGetErrorString(int status) {
    return status == BAD_PARAM ? "CUDNN_STATUS_BAD_PARAM" : "CUDNN_STATUS_OTHER";
}

int cudnnCreate(Context **handle) {
    *handle = new Context;
    return SUCCESS;
}

int cudnnDestroy(Context *handle) {
    delete handle;
    return SUCCESS;
}

int cudnnSetStream(Context *handle, int64_t stream) {
    handle->stream = stream;
    return SUCCESS;
}

int cudnnCreateTensorDescriptor(Tensor **tensor) {
    *tensor = new Tensor;
    return SUCCESS;
}

int cudnnCreateFilterDescriptor(Tensor **tensor) { return cudnnCreateTensorDescriptor(tensor); }

int cudnnDestroyTensorDescriptor(Tensor *tensor) {
    delete tensor;
    return SUCCESS;
}

int cudnnDestroyFilterDescriptor(Tensor *tensor) { return cudnnDestroyTensorDescriptor(tensor); }

int cudnnSetTensor4dDescriptor(Tensor *tensor, int format, int type, int n, int c, int h, int w) {
    *tensor = {n, c, h, w};
    return format == NCHW && type == FLOAT && n > 0 && c > 0 && h > 0 && w > 0 ? SUCCESS : BAD_PARAM;
}

int cudnnSetFilter4dDescriptor(Tensor *filter, int type, int format, int k, int c, int h, int w) {
    return cudnnSetTensor4dDescriptor(filter, format, type, k, c, h, w);
}

int cudnnCreateConvolutionDescriptor(Convolution **convolution) {
    *convolution = new Convolution;
    return SUCCESS;
}

int cudnnDestroyConvolutionDescriptor(Convolution *convolution) {
    delete convolution;
    return SUCCESS;
}

int cudnnSetConvolution2dDescriptor(Convolution *convolution, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
                                    int dilation_w, int mode, int compute_type) {
    *convolution = {pad_h, pad_w, stride_h, stride_w};
    return dilation_h == 1 && dilation_w == 1 && mode == CROSS_CORRELATION && compute_type == FLOAT ? SUCCESS : BAD_PARAM;
}

int cudnnSetConvolutionGroupCount(Convolution *convolution, int groups) {
    convolution->groups = groups;
    return SUCCESS;
}

int cudnnSetConvolutionMathType(Convolution *convolution, int math) {
    convolution->math = math;
    return SUCCESS;
}

int cudnnGetConvolutionForwardWorkspaceSize(Context *, const Tensor *in, const Tensor *filter, const Convolution *convolution,
                                            const Tensor *out, int algorithm, size_t *bytes) {
    return workspace_size(convolution->check(*in, *filter, *out), algorithm, bytes);
}

int cudnnGetConvolutionBackwardDataWorkspaceSize(Context *, const Tensor *filter, const Tensor *out,
                                                 const Convolution *convolution, const Tensor *in, int algorithm,
                                                 size_t *bytes) {
    return workspace_size(convolution->check(*in, *filter, *out), algorithm, bytes);
}

int cudnnGetConvolutionBackwardFilterWorkspaceSize(Context *, const Tensor *in, const Tensor *out,
                                                   const Convolution *convolution, const Tensor *filter, int algorithm,
                                                   size_t *bytes) {
    return workspace_size(convolution->check(*in, *filter, *out), algorithm, bytes);
}

int cudnnConvolutionForward(Context *handle, const float *alpha, const Tensor *in, int64_t x, const Tensor *filter, int64_t w,
                            const Convolution *convolution, int algorithm, int64_t workspace, size_t workspace_bytes,
                            const float *beta, const Tensor *out, int64_t y) {
    return run(handle, *convolution, *in, *filter, *out, alpha, beta, algorithm, workspace, workspace_bytes,
               {{in, x}, {filter, w}, {out, y}}, y, *out,
               [=](float *to, int64_t i, int64_t f, int64_t o) { to[o] += floats(x)[i] * floats(w)[f]; });
}

int cudnnConvolutionBackwardData(Context *handle, const float *alpha, const Tensor *filter, int64_t w, const Tensor *out,
                                 int64_t dy, const Convolution *convolution, int algorithm, int64_t workspace,
                                 size_t workspace_bytes, const float *beta, const Tensor *in, int64_t dx) {
    return run(handle, *convolution, *in, *filter, *out, alpha, beta, algorithm, workspace, workspace_bytes,
               {{filter, w}, {out, dy}, {in, dx}}, dx, *in,
               [=](float *to, int64_t i, int64_t f, int64_t o) { to[i] += floats(dy)[o] * floats(w)[f]; });
}

int cudnnConvolutionBackwardFilter(Context *handle, const float *alpha, const Tensor *in, int64_t x, const Tensor *out,
                                   int64_t dy, const Convolution *convolution, int algorithm, int64_t workspace,
                                   size_t workspace_bytes, const float *beta, const Tensor *filter, int64_t dw) {
    return run(handle, *convolution, *in, *filter, *out, alpha, beta, algorithm, workspace, workspace_bytes,
               {{in, x}, {out, dy}, {filter, dw}}, dw, *filter,
               [=](float *to, int64_t i, int64_t f, int64_t o) { to[f] += floats(x)[i] * floats(dy)[o]; });
}

}  // extern "C"
