// Tensor-core products of one warp: D[16, 8] = A[16, 16] B[16, 8] + C[16, 8], operands bf16 or f16, sums in float. All 32 lanes
// must call. With group = lane / 4 and pair = lane % 4 a lane holds (PTX, "Matrix Fragments for mma.m16n8k16"):
//   A  a[0]: row group,     columns 2 pair, 2 pair + 1        a[1]: row group + 8, the same columns
//      a[2]: row group,     columns 2 pair + 8, + 9           a[3]: row group + 8, the same columns
//   B  b[0]: rows 2 pair, 2 pair + 1, column group            b[1]: rows 2 pair + 8, + 9, column group
//   C, D  d[0], d[1]: row group, columns 2 pair, 2 pair + 1   d[2], d[3]: row group + 8, the same columns
// In a word the element with the lower index is in the low half.
#pragma once

#include "common/types.cuh"

template <class T>
__device__ __forceinline__ void mma_16x8x16(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], const float (&c)[4]);

template <>
__device__ __forceinline__ void mma_16x8x16<bf16>(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], const float (&c)[4]) {
#ifdef S2D_EMULATOR
    s2d_emulator::mma_16x8x16(true, d, a, b, c);
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
                 : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
#endif
}

template <>
__device__ __forceinline__ void mma_16x8x16<f16>(float (&d)[4], const u32 (&a)[4], const u32 (&b)[2], const float (&c)[4]) {
#ifdef S2D_EMULATOR
    s2d_emulator::mma_16x8x16(false, d, a, b, c);
#else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"
                 : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), "f"(c[1]), "f"(c[2]), "f"(c[3]));
#endif
}

// Loads 8x8 matrices of 16-bit elements from shared memory: lanes 8i .. 8i + 7 give the addresses of the eight rows of matrix i,
// each 16 bytes and aligned to 16. Lane l gets into word i the elements 2 (l % 4), + 1 of row l / 4 of matrix i; transposed, of
// column l / 4. All 32 lanes must call; ldmatrix_x2 uses the addresses of lanes 0 to 15.

__device__ __forceinline__ void ldmatrix_x4(u32 (&words)[4], const void *row) {
#ifdef S2D_EMULATOR
    s2d_emulator::ldmatrix(4, false, words, row);
#else
    u32 address = static_cast<u32>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
#endif
}

__device__ __forceinline__ void ldmatrix_x4_transposed(u32 (&words)[4], const void *row) {
#ifdef S2D_EMULATOR
    s2d_emulator::ldmatrix(4, true, words, row);
#else
    u32 address = static_cast<u32>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
#endif
}

__device__ __forceinline__ void ldmatrix_x2(u32 (&words)[2], const void *row) {
#ifdef S2D_EMULATOR
    s2d_emulator::ldmatrix(2, false, words, row);
#else
    u32 address = static_cast<u32>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                 : "=r"(words[0]), "=r"(words[1])
                 : "r"(address)
                 : "memory");
#endif
}

__device__ __forceinline__ void ldmatrix_x2_transposed(u32 (&words)[2], const void *row) {
#ifdef S2D_EMULATOR
    s2d_emulator::ldmatrix(2, true, words, row);
#else
    u32 address = static_cast<u32>(__cvta_generic_to_shared(row));
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                 : "=r"(words[0]), "=r"(words[1])
                 : "r"(address)
                 : "memory");
#endif
}
