// A libcublas of our own: plain loops over the memory of the driver's stand-in, in the order of the stream. It refuses what cuBLAS
// refuses, operands that leave their buffer, and what the backend must have set and did not. STANDIN_MAJOR_VERSION is the version.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

extern "C" int cuLaunchHostFunc(int64_t stream, void (*function)(void *), void *data);
extern "C" int cuMemGetAddressRange_v2(int64_t *start, size_t *bytes, int64_t address);

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { F32 = 0, F16 = 2, BF16 = 14 };

constexpr int COMPUTE_F32 = 68;
constexpr int DEFAULT_ALGORITHM = -1;
constexpr int NO_REDUCED_PRECISION = 16;

struct Context {
    int64_t stream = 0;
    int math_mode = 0;
    size_t workspace = 0;
};

// A matrix in memory, columns first.
struct Matrix {
    int64_t address;
    int type;
    int64_t distance;  // of columns
    int64_t batch_stride;

    size_t element() const { return type == F32 ? 4 : 2; }

    bool fits(int64_t rows, int64_t columns, int64_t batches) const {
        int64_t start;
        size_t bytes;
        int64_t last = (batches - 1) * batch_stride + (columns - 1) * distance + rows;
        return (type == F32 || type == F16 || type == BF16) && distance >= rows && address % element() == 0 &&
               cuMemGetAddressRange_v2(&start, &bytes, address) == 0 && last * element() <= bytes;
    }

    void *at(int64_t batch, int64_t row, int64_t column) const {
        return reinterpret_cast<char *>(address) + (batch * batch_stride + column * distance + row) * element();
    }

    float load(int64_t batch, int64_t row, int64_t column) const {
        const void *place = at(batch, row, column);
        if (type == F32) {
            return *static_cast<const float *>(place);
        }
        if (type == F16) {
            return *static_cast<const _Float16 *>(place);
        }
        uint32_t bits = uint32_t(*static_cast<const uint16_t *>(place)) << 16;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    void store(int64_t batch, int64_t row, int64_t column, float value) const {
        void *place = at(batch, row, column);
        if (type == F32) {
            *static_cast<float *>(place) = value;
        } else if (type == F16) {
            *static_cast<_Float16 *>(place) = _Float16(value);
        } else {
            uint32_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            bits += value != value ? 0 : 0x7fff + (bits >> 16 & 1);
            *static_cast<uint16_t *>(place) = uint16_t(bits >> 16);
        }
    }
};

// What a call enqueues. It stays: a captured graph may repeat it.
int enqueue(int64_t stream, std::function<void()> work) {
    auto *kept = new std::function<void()>(std::move(work));
    auto run = [](void *data) { (*static_cast<std::function<void()> *>(data))(); };
    return cuLaunchHostFunc(stream, run, kept) == 0 ? SUCCESS : EXECUTION_FAILED;
}

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
        for (int64_t batch = 0; batch < batches; batch++) {
            for (int64_t column = 0; column < n; column++) {
                for (int64_t row = 0; row < m; row++) {
                    float sum = 0;
                    for (int64_t inner = 0; inner < k; inner++) {
                        sum += (turn_a ? left.load(batch, inner, row) : left.load(batch, row, inner)) *
                               (turn_b ? right.load(batch, column, inner) : right.load(batch, inner, column));
                    }
                    // What is not kept is not read: it may be NaN.
                    float before = keep == 0 ? 0 : keep * out.load(batch, row, column);
                    out.store(batch, row, column, scale * sum + before);
                }
            }
        }
    });
}

}  // extern "C"
