#include "emulator/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace s2d_emulator {

namespace {

constexpr size_t STACK_GUARD = 4096;
constexpr size_t STACK_BYTES = 256 * 1024;  // touched pages only cost memory

thread_local Context *entering = nullptr;

}  // namespace

#if defined(__x86_64__)

// Saves what a called function must preserve, changes stacks, and restores.
extern "C" void s2d_switch_stacks(void **save, void *load);
asm(R"(
.text
.globl s2d_switch_stacks
.hidden s2d_switch_stacks
.type s2d_switch_stacks, @function
s2d_switch_stacks:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    subq $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size s2d_switch_stacks, .-s2d_switch_stacks
)");

#endif

void Context::switch_to(Context &from, Context &to) {
    to.came_from = &from;
    entering = &to;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&from.fake_stack, to.stack_bottom, to.stack_bytes);
#endif
#if defined(__x86_64__)
    s2d_switch_stacks(&from.stack_pointer, to.stack_pointer);
#else
    swapcontext(&from.registers, &to.registers);
#endif
    arrived(from);
}

void Context::arrived([[maybe_unused]] Context &self) {
#ifdef __SANITIZE_ADDRESS__
    const void *bottom = nullptr;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(self.fake_stack, &bottom, &bytes);
    // The sanitizer tells where the thread's own stack is; of fibers we know it.
    self.came_from->stack_bottom = bottom;
    self.came_from->stack_bytes = bytes;
#endif
}

Fiber::Fiber() {
    void *mapped = mmap(nullptr, STACK_GUARD + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        throw std::bad_alloc();
    }
    memory = static_cast<char *>(mapped);
    mprotect(memory, STACK_GUARD, PROT_NONE);
    stack_bottom = memory + STACK_GUARD;
    stack_bytes = STACK_BYTES;
}

Fiber::~Fiber() { munmap(memory, STACK_GUARD + STACK_BYTES); }

void Fiber::start(Body what, void *with) {
    body = what;
    argument = with;
    fake_stack = nullptr;
#ifdef __SANITIZE_ADDRESS__
    // A body that was abandoned left its marks.
    __asan_unpoison_memory_region(memory + STACK_GUARD, STACK_BYTES);
#endif
#if defined(__x86_64__)
    auto *top = reinterpret_cast<uint64_t *>(memory + STACK_GUARD + STACK_BYTES);
    // From the top: room for a return address that does not exist, where to begin, six registers, control words.
    top[-1] = 0;
    top[-2] = reinterpret_cast<uint64_t>(&Fiber::enter);
    for (int i = 3; i <= 8; i++) {
        top[-i] = 0;
    }
    uint32_t sse;
    uint16_t x87;
    asm volatile("stmxcsr %0" : "=m"(sse));
    asm volatile("fnstcw %0" : "=m"(x87));
    top[-9] = sse | static_cast<uint64_t>(x87) << 32;
    stack_pointer = top - 9;
#else
    getcontext(&registers);
    registers.uc_stack.ss_sp = memory + STACK_GUARD;
    registers.uc_stack.ss_size = STACK_BYTES;
    registers.uc_link = nullptr;
    makecontext(&registers, &Fiber::enter, 0);
#endif
}

void Fiber::enter() {
    auto &self = static_cast<Fiber &>(*entering);
    arrived(self);
    self.body(self.argument);
    __builtin_trap();  // the body must not return
}

}  // namespace s2d_emulator
