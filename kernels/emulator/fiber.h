// Stacks that take turns on one thread of the operating system.
#pragma once

#include <cstddef>
#include <memory>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace s2d_emulator {

// A place that execution can be switched to.
class Context {
  public:
    // Leaves `from`, which later goes on after this call, and goes on in `to`.
    static void switch_to(Context &from, Context &to);

  protected:
    friend class Fiber;
    // Called first on a context after it was switched to.
    static void arrived(Context &self);

#if defined(__x86_64__)
    void *stack_pointer = nullptr;
#else
    ucontext_t registers;
#endif
    Context *came_from = nullptr;
    // For AddressSanitizer: which memory is this context's stack.
    const void *stack_bottom = nullptr;
    size_t stack_bytes = 0;
    void *fake_stack = nullptr;
};

// A context with a stack of its own, with a page below that must not be touched.
class Fiber : public Context {
  public:
    using Body = void (*)(void *argument);

    Fiber();
    ~Fiber();
    Fiber(const Fiber &) = delete;
    Fiber &operator=(const Fiber &) = delete;

    // Makes the next switch to this fiber begin `body`, which must never return. What ran before is forgotten.
    void start(Body body, void *argument);

  private:
    static void enter();

    char *memory;
    Body body = nullptr;
    void *argument = nullptr;
};

}  // namespace s2d_emulator
