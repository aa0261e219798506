// The CUDA C++ that our kernels use, for g++: keywords, built-in variables, vector types, intrinsics. Operations of warps and
// blocks go to the Runtime, which checks them.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "emulator/runtime.h"

#ifdef S2D_LIST_KERNELS
// Preprocessed text in which the build finds the names of the kernels.
#define __global__ S2D_KERNEL
#else
#define __global__
#endif
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __constant__ static const
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static_assert(false, "use S2D_SHARED: the emulator checks dynamic shared memory only");

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) int2 { int x, y; };
struct alignas(16) int4 { int x, y, z, w; };
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };

inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline int2 make_int2(int x, int y) { return {x, y}; }
inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace s2d_emulator {

inline Runtime *runtime = nullptr;

}  // namespace s2d_emulator

#define threadIdx (s2d_emulator::runtime->thread)
#define blockIdx (s2d_emulator::runtime->block)
#define blockDim (s2d_emulator::runtime->block_size)
#define gridDim (s2d_emulator::runtime->grid_size)

// Functions of the device that the host has under another name, or not at all.

using std::max;
using std::min;

inline unsigned min(unsigned a, int b) { return std::min(a, static_cast<unsigned>(b)); }
inline unsigned min(int a, unsigned b) { return std::min(static_cast<unsigned>(a), b); }
inline long long min(long long a, int b) { return std::min(a, static_cast<long long>(b)); }
inline long long min(int a, long long b) { return std::min(static_cast<long long>(a), b); }
inline long long max(long long a, int b) { return std::max(a, static_cast<long long>(b)); }
inline long long max(int a, long long b) { return std::max(static_cast<long long>(a), b); }
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }

inline float cospif(float x) { return static_cast<float>(std::cos(3.14159265358979323846 * x)); }
inline float rsqrtf(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __saturatef(float x) { return fminf(fmaxf(x, 0.0f), 1.0f); }
inline int __float2int_rn(float x) { return static_cast<int>(nearbyintf(x)); }
inline int __float2int_rd(float x) { return static_cast<int>(floorf(x)); }
inline float __int2float_rn(int x) { return static_cast<float>(x); }

inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((static_cast<uint64_t>(a) * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}

template <class T>
T __ldg(const T *from) {
    return *from;
}
template <class T>
T __ldcs(const T *from) {
    return *from;
}
template <class T>
void __stcs(T *to, T value) {
    *to = value;
}

// Conversions, bit for bit as the device's: to nearest, ties to even; every NaN becomes 0x7fff.

namespace s2d_emulator {

inline uint16_t bf16_of_float(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    if ((bits & 0x7fffffff) > 0x7f800000) {
        return 0x7fff;
    }
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline uint16_t f16_of_float(float value) {
    uint32_t bits = std::bit_cast<uint32_t>(value);
    uint32_t sign = (bits >> 16) & 0x8000;
    uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
        return 0x7fff;
    }
    if (magnitude >= 0x477ff000) {  // from here on nearest is infinity
        return static_cast<uint16_t>(sign | 0x7c00);
    }
    if (magnitude < 0x38800000) {  // below 2^-14: a multiple of 2^-24, which adding 2^-1 rounds to
        float rounded = std::bit_cast<float>(magnitude) + 0.5f;
        return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(rounded) - 0x3f000000));
    }
    uint32_t odd = (magnitude >> 13) & 1;
    return static_cast<uint16_t>(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}

inline float float_of_f16(uint16_t value) {
    uint32_t sign = static_cast<uint32_t>(value & 0x8000) << 16;
    uint32_t magnitude = value & 0x7fff;
    if (magnitude >= 0x7c00) {  // infinity, or NaN
        return std::bit_cast<float>(magnitude == 0x7c00 ? sign | 0x7f800000 : 0x7fffffffu);
    }
    float result = static_cast<float>(magnitude & 0x3ff) * 0x1p-24f;
    if (magnitude >= 0x400) {
        result = std::bit_cast<float>((magnitude << 13) + 0x38000000);
    }
    return std::bit_cast<float>(std::bit_cast<uint32_t>(result) | sign);
}

inline float float_of_bf16(uint16_t value) { return std::bit_cast<float>(static_cast<uint32_t>(value) << 16); }

// Memory

inline void *shared_memory() { return runtime->shared_memory(); }

inline void require_aligned(const void *address, int bytes, Where where = Where::current()) {
    if (reinterpret_cast<uintptr_t>(address) % bytes != 0) {
        char text[80];
        std::snprintf(text, sizeof text, "%d-byte access at an address that is not a multiple of %d", bytes, bytes);
        runtime->fail(text, where);
    }
}

inline void async_copy(void *shared, const void *global, int size, int bytes) {
    runtime->async_copy(shared, global, size, bytes);
}
inline void async_commit() { runtime->async_commit(); }
inline void async_wait(int pending) { runtime->async_wait(pending); }

}  // namespace s2d_emulator

inline void __threadfence() {}
inline void __threadfence_block() {}

// The emulator runs one thread at a time, so plain operations are atomic.

template <class T>
T s2d_exchange(T *at, T value) {
    T before = *at;
    *at = value;
    return before;
}
inline float atomicAdd(float *at, float value) { return s2d_exchange(at, *at + value); }
inline int atomicAdd(int *at, int value) { return s2d_exchange(at, *at + value); }
inline unsigned atomicAdd(unsigned *at, unsigned value) { return s2d_exchange(at, *at + value); }
inline unsigned long long atomicAdd(unsigned long long *at, unsigned long long value) { return s2d_exchange(at, *at + value); }
inline int atomicMax(int *at, int value) { return s2d_exchange(at, std::max(*at, value)); }
inline unsigned atomicMax(unsigned *at, unsigned value) { return s2d_exchange(at, std::max(*at, value)); }
inline int atomicMin(int *at, int value) { return s2d_exchange(at, std::min(*at, value)); }
inline unsigned atomicMin(unsigned *at, unsigned value) { return s2d_exchange(at, std::min(*at, value)); }
inline int atomicOr(int *at, int value) { return s2d_exchange(at, *at | value); }
inline unsigned atomicOr(unsigned *at, unsigned value) { return s2d_exchange(at, *at | value); }
inline int atomicExch(int *at, int value) { return s2d_exchange(at, value); }
inline unsigned atomicExch(unsigned *at, unsigned value) { return s2d_exchange(at, value); }
inline float atomicExch(float *at, float value) { return s2d_exchange(at, value); }
inline unsigned atomicCAS(unsigned *at, unsigned expected, unsigned value) {
    return s2d_exchange(at, *at == expected ? value : *at);
}
inline int atomicCAS(int *at, int expected, int value) { return s2d_exchange(at, *at == expected ? value : *at); }

#include "emulator/collectives.h"
