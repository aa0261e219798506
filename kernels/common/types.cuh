// Element types, conversions, and packs of elements that are loaded and stored at once.
//
// Arithmetic is in float. bf16 and f16 are our own 16-bit structures, so that no header of the toolkit is needed and run-time
// compilation works with the driver's libraries alone. The same source is compiled by nvcc, by NVRTC, and by g++ for the
// emulator (S2D_EMULATOR).
#pragma once

#ifdef S2D_EMULATOR
#include "emulator/cuda.h"
#endif

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

struct bf16 {
    u16 bits;
};

struct f16 {
    u16 bits;
};

// Element types as arguments; CudaContext.typeCode has the same numbers.
enum Type : int { TYPE_F32 = 0, TYPE_BF16 = 1, TYPE_F16 = 2 };

#define S2D_INFINITY __int_as_float(0x7f800000)

// Dynamic shared memory, the only kind we use, as an array of TYPE called NAME; aligned to 16 bytes, undefined at the start.
#ifdef S2D_EMULATOR
#define S2D_SHARED(TYPE, NAME) TYPE *NAME = static_cast<TYPE *>(s2d_emulator::shared_memory())
#else
extern __shared__ __align__(16) unsigned char s2d_shared_memory[];
#define S2D_SHARED(TYPE, NAME) TYPE *NAME = reinterpret_cast<TYPE *>(s2d_shared_memory)
#endif

// Conversions: to float exact, from float rounded to nearest, ties to even.

__device__ __forceinline__ float to_float(float value) { return value; }

__device__ __forceinline__ float to_float(bf16 value) { return __uint_as_float(static_cast<u32>(value.bits) << 16); }

__device__ __forceinline__ float to_float(f16 value) {
#ifdef S2D_EMULATOR
    return s2d_emulator::float_of_f16(value.bits);
#else
    float result;
    asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
    return result;
#endif
}

template <class T>
__device__ __forceinline__ T from_float(float value);

template <>
__device__ __forceinline__ float from_float<float>(float value) {
    return value;
}

template <>
__device__ __forceinline__ bf16 from_float<bf16>(float value) {
    bf16 result;
#ifdef S2D_EMULATOR
    result.bits = s2d_emulator::bf16_of_float(value);
#else
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
#endif
    return result;
}

template <>
__device__ __forceinline__ f16 from_float<f16>(float value) {
    f16 result;
#ifdef S2D_EMULATOR
    result.bits = s2d_emulator::f16_of_float(value);
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
#endif
    return result;
}

template <class T>
__device__ __forceinline__ float load(const T *from) {
    return to_float(*from);
}

template <class T>
__device__ __forceinline__ void store(T *to, float value) {
    *to = from_float<T>(value);
}

// Sixteen bytes at once; the address must be a multiple of 16.

__device__ __forceinline__ uint4 load_16_bytes(const void *from) {
#ifdef S2D_EMULATOR
    s2d_emulator::require_aligned(from, 16);
#endif
    return *static_cast<const uint4 *>(from);
}

__device__ __forceinline__ void store_16_bytes(void *to, uint4 value) {
#ifdef S2D_EMULATOR
    s2d_emulator::require_aligned(to, 16);
#endif
    *static_cast<uint4 *>(to) = value;
}

// Two elements in a word, the first in the low half.

template <class T>
__device__ __forceinline__ u32 pack2(float low, float high) {
    return static_cast<u32>(from_float<T>(low).bits) | static_cast<u32>(from_float<T>(high).bits) << 16;
}

template <class T>
__device__ __forceinline__ void unpack2(u32 word, float &low, float &high) {
    low = to_float(T{static_cast<u16>(word)});
    high = to_float(T{static_cast<u16>(word >> 16)});
}

// How many elements of T are 16 bytes.
template <class T>
constexpr int PER_16_BYTES = 16 / static_cast<int>(sizeof(T));

// N elements from an address that is a multiple of 16 bytes; N * sizeof(T) is a multiple of 16.

template <int N>
__device__ __forceinline__ void load_pack(const float *from, float (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i += 4) {
        uint4 words = load_16_bytes(from + i);
        values[i] = __uint_as_float(words.x);
        values[i + 1] = __uint_as_float(words.y);
        values[i + 2] = __uint_as_float(words.z);
        values[i + 3] = __uint_as_float(words.w);
    }
}

template <int N, class T>
__device__ __forceinline__ void load_pack(const T *from, float (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i += 8) {
        uint4 words = load_16_bytes(from + i);
        unpack2<T>(words.x, values[i], values[i + 1]);
        unpack2<T>(words.y, values[i + 2], values[i + 3]);
        unpack2<T>(words.z, values[i + 4], values[i + 5]);
        unpack2<T>(words.w, values[i + 6], values[i + 7]);
    }
}

template <int N>
__device__ __forceinline__ void store_pack(float *to, const float (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i += 4) {
        uint4 words;
        words.x = __float_as_uint(values[i]);
        words.y = __float_as_uint(values[i + 1]);
        words.z = __float_as_uint(values[i + 2]);
        words.w = __float_as_uint(values[i + 3]);
        store_16_bytes(to + i, words);
    }
}

template <int N, class T>
__device__ __forceinline__ void store_pack(T *to, const float (&values)[N]) {
#pragma unroll
    for (int i = 0; i < N; i += 8) {
        uint4 words;
        words.x = pack2<T>(values[i], values[i + 1]);
        words.y = pack2<T>(values[i + 2], values[i + 3]);
        words.z = pack2<T>(values[i + 4], values[i + 5]);
        words.w = pack2<T>(values[i + 6], values[i + 7]);
        store_16_bytes(to + i, words);
    }
}

// Elements whose type is known only at run time. The branch is the same for all threads and costs next to nothing beside
// the memory access.

__device__ __forceinline__ float load_any(const void *from, i64 at, int type) {
    if (type == TYPE_F32) {
        return load(static_cast<const float *>(from) + at);
    }
    return type == TYPE_BF16 ? load(static_cast<const bf16 *>(from) + at) : load(static_cast<const f16 *>(from) + at);
}

__device__ __forceinline__ void store_any(void *to, i64 at, int type, float value) {
    if (type == TYPE_F32) {
        store(static_cast<float *>(to) + at, value);
    } else if (type == TYPE_BF16) {
        store(static_cast<bf16 *>(to) + at, value);
    } else {
        store(static_cast<f16 *>(to) + at, value);
    }
}

template <int N>
__device__ __forceinline__ void load_pack_any(const void *from, i64 at, int type, float (&values)[N]) {
    if (type == TYPE_F32) {
        load_pack(static_cast<const float *>(from) + at, values);
    } else if (type == TYPE_BF16) {
        load_pack(static_cast<const bf16 *>(from) + at, values);
    } else {
        load_pack(static_cast<const f16 *>(from) + at, values);
    }
}

template <int N>
__device__ __forceinline__ void store_pack_any(void *to, i64 at, int type, const float (&values)[N]) {
    if (type == TYPE_F32) {
        store_pack(static_cast<float *>(to) + at, values);
    } else if (type == TYPE_BF16) {
        store_pack(static_cast<bf16 *>(to) + at, values);
    } else {
        store_pack(static_cast<f16 *>(to) + at, values);
    }
}

// Eight elements as they lie in memory. Loading and converting apart lets a thread have several loads under way: it waits where
// it converts.
struct Words8 {
    uint4 low;
    uint4 high;  // f32 only
};

__device__ __forceinline__ Words8 load_words_any(const void *from, i64 at, int type) {
    Words8 words = {};
    const char *place = static_cast<const char *>(from) + (type == TYPE_F32 ? 4 * at : 2 * at);
    words.low = load_16_bytes(place);
    if (type == TYPE_F32) {
        words.high = load_16_bytes(place + 16);
    }
    return words;
}

template <class T>
__device__ __forceinline__ void unpack_words(const Words8 &words, float (&values)[8]) {
    unpack2<T>(words.low.x, values[0], values[1]);
    unpack2<T>(words.low.y, values[2], values[3]);
    unpack2<T>(words.low.z, values[4], values[5]);
    unpack2<T>(words.low.w, values[6], values[7]);
}

template <>
__device__ __forceinline__ void unpack_words<float>(const Words8 &words, float (&values)[8]) {
    values[0] = __uint_as_float(words.low.x);
    values[1] = __uint_as_float(words.low.y);
    values[2] = __uint_as_float(words.low.z);
    values[3] = __uint_as_float(words.low.w);
    values[4] = __uint_as_float(words.high.x);
    values[5] = __uint_as_float(words.high.y);
    values[6] = __uint_as_float(words.high.z);
    values[7] = __uint_as_float(words.high.w);
}

__device__ __forceinline__ void unpack_words_any(const Words8 &words, int type, float (&values)[8]) {
    if (type == TYPE_F32) {
        unpack_words<float>(words, values);
    } else if (type == TYPE_BF16) {
        unpack_words<bf16>(words, values);
    } else {
        unpack_words<f16>(words, values);
    }
}
