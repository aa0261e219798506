// Copies from global to shared memory that run while the thread goes on (cp.async). The data are there for this thread after
// async_wait, for others after a barrier behind it.
#pragma once

#include "common/types.cuh"

// Sixteen bytes, both addresses aligned to 16. Only the first `bytes` are read, the rest is filled with zeros: 0 reads nothing.
__device__ __forceinline__ void async_copy_16(void *shared, const void *global, int bytes = 16) {
#ifdef S2D_EMULATOR
    s2d_emulator::async_copy(shared, global, 16, bytes);
#else
    u32 to = static_cast<u32>(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(bytes) : "memory");
#endif
}

// Four bytes, both addresses aligned to 4.
__device__ __forceinline__ void async_copy_4(void *shared, const void *global, int bytes = 4) {
#ifdef S2D_EMULATOR
    s2d_emulator::async_copy(shared, global, 4, bytes);
#else
    u32 to = static_cast<u32>(__cvta_generic_to_shared(shared));
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(bytes) : "memory");
#endif
}

// Ends a group of copies.
__device__ __forceinline__ void async_commit() {
#ifdef S2D_EMULATOR
    s2d_emulator::async_commit();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

// Waits until at most PENDING of this thread's latest groups are unfinished.
template <int PENDING>
__device__ __forceinline__ void async_wait() {
#ifdef S2D_EMULATOR
    s2d_emulator::async_wait(PENDING);
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
#endif
}
