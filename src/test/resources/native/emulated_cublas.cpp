// A libcublas of our own: plain loops over the memory of the driver's stand-in, in the order of the stream. It refuses what cuBLAS
// refuses, operands that leave their buffer, and what the backend must have set and did not. STANDIN_MAJOR_VERSION is the version.
#include "emulated_matrices.h"

namespace {

constexpr int DEFAULT_ALGORITHM = -1;
constexpr int NO_REDUCED_PRECISION = 16;

struct Context {
    int64_t stream = 0;
    int math_mode = 0;
    size_t workspace = 0;
};

}  // namespace

extern "C" {

int cublasCreate_v2(Context **handle) {
    *handle = new Context;
    return SUCCESS;
}

int cublasDestroy_v2(Context *handle) {
    delete handle;
    return SUCCESS;
}

int cublasGetVersion_v2(Context *handle, int *version) {
    *version = STANDIN_MAJOR_VERSION * 10000 + 100;
    return handle == nullptr ? NOT_INITIALIZED : SUCCESS;
}

// Forgets the workspace, as cuBLAS does.
int cublasSetStream_v2(Context *handle, int64_t stream) {
    handle->stream = stream;
    handle->workspace = 0;
    return SUCCESS;
}

int cublasSetWorkspace_v2(Context *handle, int64_t address, size_t bytes) {
    int64_t start;
    size_t there;
    if (address % 256 != 0 || cuMemGetAddressRange_v2(&start, &there, address) != 0 || bytes > there) {
        return INVALID_VALUE;
    }
    handle->workspace = bytes;
    return SUCCESS;
}

int cublasSetMathMode(Context *handle, int mode) {
    handle->math_mode = mode;
    return SUCCESS;
}

int cublasGemmStridedBatchedEx(Context *handle, int transpose_a, int transpose_b, int m, int n, int k, const float *alpha,
                               int64_t a, int type_a, int lda, long long stride_a, int64_t b, int type_b, int ldb,
                               long long stride_b, const float *beta, int64_t c, int type_c, int ldc, long long stride_c,
                               int batches, int compute_type, int algorithm) {
    if (handle->math_mode != NO_REDUCED_PRECISION || handle->workspace == 0 || compute_type != COMPUTE_F32 ||
        algorithm != DEFAULT_ALGORITHM || type_a != type_b || (type_c != type_a && type_c != F32)) {
        return NOT_SUPPORTED;
    }
    Matrix left{a, type_a, lda, stride_a}, right{b, type_b, ldb, stride_b}, out{c, type_c, ldc, stride_c};
    bool turn_a = transpose_a == 1, turn_b = transpose_b == 1;
    if (m < 1 || n < 1 || k < 1 || batches < 1 || !left.fits(turn_a ? k : m, turn_a ? m : k, batches) ||
        !right.fits(turn_b ? n : k, turn_b ? k : n, batches) || !out.fits(m, n, batches) ||
        (batches > 1 && stride_c < static_cast<long long>(ldc) * (n - 1) + m)) {
        return INVALID_VALUE;
    }
    float scale = *alpha, keep = *beta;
    return enqueue(handle->stream, [=] {
        // What is not kept is not read: it may be NaN.
        multiply(left, turn_a, right, turn_b, out, m, n, k, batches, [=](float sum, int64_t batch, int64_t row, int64_t column) {
            return scale * sum + (keep == 0 ? 0 : keep * out.load(batch, row, column));
        });
    });
}

}  // extern "C"
