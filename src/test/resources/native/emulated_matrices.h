// What the stand-ins for cuBLAS and cuBLASLt share: matrices in the memory of the driver's stand-in, and its stream.
#pragma once

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

// out = sums of left x right, and what `finish` makes of each with what was there.
template <class Finish>
void multiply(Matrix left, bool turn_left, Matrix right, bool turn_right, Matrix out, int64_t m, int64_t n, int64_t k, int64_t batches,
              Finish finish) {
    for (int64_t batch = 0; batch < batches; batch++) {
        for (int64_t column = 0; column < n; column++) {
            for (int64_t row = 0; row < m; row++) {
                float sum = 0;
                for (int64_t inner = 0; inner < k; inner++) {
                    sum += (turn_left ? left.load(batch, inner, row) : left.load(batch, row, inner)) *
                           (turn_right ? right.load(batch, column, inner) : right.load(batch, inner, column));
                }
                out.store(batch, row, column, finish(sum, batch, row, column));
            }
        }
    }
}

}  // namespace
