// What a kernel compiled for the emulator asks of the code that runs it. A kernel library has one pointer to a Runtime, set
// before each launch; both sides are built by the same compiler.
#pragma once

#include <source_location>

namespace s2d_emulator {

struct Index {
    unsigned x = 0, y = 0, z = 0;
};

using Where = std::source_location;

class Runtime;

// What one lane brings to an operation of its warp. It lies on the lane's own stack and stays there until the last lane of the
// mask has arrived and called `resolve` for all of them.
struct Collective {
    const char *name;
    unsigned mask;
    Where where;
    // lanes[i] is null for lanes outside the mask.
    void (*resolve)(Runtime &runtime, Collective *const (&lanes)[32], unsigned mask);
};

class Runtime {
  public:
    // The thread that runs now: what threadIdx and the others read.
    Index thread, block, block_size, grid_size;

    virtual void *shared_memory() = 0;

    // Waits for all threads of the block; returns how many of them brought a value other than 0.
    virtual int barrier(const char *name, int value, Where where) = 0;

    // Waits for all lanes in the mask.
    virtual void collective(Collective &lane) = 0;

    // Copies `bytes` and zeros up to `size` when the thread waits for the group.
    virtual void async_copy(void *shared, const void *global, int size, int bytes) = 0;
    virtual void async_commit() = 0;
    virtual void async_wait(int pending) = 0;

    // Throws away the launch: one line, without kernel, block and thread, which are added.
    [[noreturn]] virtual void fail(const char *what, Where where) = 0;

    // True when the bytes lie in the shared memory of the block.
    virtual bool is_shared(const void *address, int bytes) = 0;

  protected:
    ~Runtime() = default;
};

struct Parameter {
    int bytes;
    bool pointer;
    bool to_const;
};

// A kernel of a library.
struct Entry {
    const char *name;
    void (*call)(void *const *arguments);
    const Parameter *parameters;
    int parameter_count;
};

// What a kernel library exports as s2d_emulator_module.
struct Module {
    const Entry *entries;
    int entry_count;
    Runtime **runtime;
};

}  // namespace s2d_emulator
