// Where the elements, or the rows, of strided and broadcast views lie.
#pragma once

#include "common/types.cuh"

constexpr int PACK = 8;
constexpr int MAX_DIMS = 8;
constexpr int MAX_OPERANDS = 4;

// Views visited together in row-major order, merged dimensions, innermost last. CudaLoop writes the same bytes.
struct Loop {
    i64 count;                            // elements
    int dims;                             // at least 1
    int pack;                             // elements that a thread takes at once: PACK or 1
    int types[MAX_OPERANDS];              // of each operand
    i64 sizes[MAX_DIMS];
    i64 strides[MAX_OPERANDS][MAX_DIMS];  // in elements; 0 where an operand is broadcast
};

// Positions of element number `element` in each operand, in elements from its first.
template <int OPERANDS, class Index>
__device__ __forceinline__ void locate(const Loop &loop, Index element, i64 (&at)[OPERANDS]) {
    Index rest = element;
#pragma unroll
    for (int k = 0; k < OPERANDS; k++) {
        at[k] = 0;
    }
    for (int dim = loop.dims - 1; dim > 0; dim--) {
        Index size = static_cast<Index>(loop.sizes[dim]);
        Index index = rest % size;
        rest /= size;
#pragma unroll
        for (int k = 0; k < OPERANDS; k++) {
            at[k] += static_cast<i64>(index) * loop.strides[k][dim];
        }
    }
#pragma unroll
    for (int k = 0; k < OPERANDS; k++) {
        at[k] += static_cast<i64>(rest) * loop.strides[k][0];
    }
}

// 64-bit division is slow, and hardly ever needed.
template <int OPERANDS>
__device__ __forceinline__ void locate(const Loop &loop, i64 element, i64 (&at)[OPERANDS]) {
    if (element <= 0xffffffffll) {
        locate<OPERANDS, u32>(loop, static_cast<u32>(element), at);
    } else {
        locate<OPERANDS, u64>(loop, static_cast<u64>(element), at);
    }
}
