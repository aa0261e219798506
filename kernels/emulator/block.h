// Runs the blocks of one launch, one after the other, each thread a fiber.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/fiber.h"
#include "emulator/runtime.h"

namespace s2d_emulator {

// In which order things happen that a GPU does in any order, and what undefined memory holds. A correct kernel gives the same
// bits in all variants.
struct Variant {
    bool reverse_blocks = false;
    bool reverse_threads = false;
    unsigned char shared_poison = 0xFF;
};

// The geometry and code of a launch.
struct Geometry {
    const Entry *entry;
    Index grid, block;
    size_t shared_bytes;
    uint64_t seed;  // of the order of blocks
};

// Fibers and shared memory, kept from launch to launch.
struct Workshop {
    std::vector<std::unique_ptr<Fiber>> fibers;
    std::vector<char> shared;
};

class BlockRunner final : public Runtime {
  public:
    BlockRunner(Workshop &workshop, const Geometry &geometry, const Variant &variant);
    ~BlockRunner();

    // Runs all blocks. Throws Error with kernel, block, thread and what went wrong.
    void run(void *const *arguments);

    // From now on fails, naming the thread, as soon as the byte holds something else.
    void watch(const unsigned char *place, unsigned char expected, std::string what);

    void *shared_memory() override;
    int barrier(const char *name, int value, Where where) override;
    void collective(Collective &lane) override;
    void async_copy(void *shared, const void *global, int size, int bytes) override;
    void async_commit() override;
    void async_wait(int pending) override;
    [[noreturn]] void fail(const char *what, Where where) override;
    bool is_shared(const void *address, int bytes) override;

  private:
    enum class State { UNSTARTED, READY, AT_BARRIER, IN_WARP, DONE };

    struct Copy {
        void *to;
        const void *from;
        int size, bytes, group;
    };

    struct Thread {
        State state = State::UNSTARTED;
        Fiber *fiber = nullptr;
        Collective *waiting = nullptr;
        std::vector<Copy> copies;
        int groups = 0;  // committed
    };

    struct Gathering {
        unsigned mask, arrived;
        Collective *first;
        Collective *lanes[32];
    };

    struct Warp {
        std::vector<Gathering> gatherings;
        unsigned runnable = 0;  // a bit for each lane that waits for nobody
    };

    void run_block(Index which, void *const *arguments);
    void reset();
    Fiber *take_fiber();
    bool run_warp(int warp);
    void resume(int thread);
    Fiber &prepare(int thread);
    int next_lane() const;
    void stop_running(State state);
    void run_threads();
    int next_unstarted();
    void begin_thread(int thread);
    void leave();
    void release_barrier();
    void check_watch();
    void prepare_shared();
    void check_shared();
    [[noreturn]] void report_stuck();
    std::string why_missing(int thread) const;
    [[noreturn]] void report(const std::string &who, const std::string &what);

    Workshop &workshop;
    const Geometry &geometry;
    const Variant variant;
    void *const *arguments = nullptr;
    Context scheduler;
    std::vector<Thread> threads;
    std::vector<Warp> warps;
    std::vector<Index> indices;  // of threads
    std::vector<int> order;      // of threads, in which they begin
    size_t begun = 0;
    int current = 0;
    int done = 0;
    int at_barrier = 0;
    int barrier_sum = 0;
    int barrier_result = 0;
    const char *barrier_name = nullptr;
    Where barrier_where;
    std::vector<Fiber *> idle;
    size_t started = 0;  // fibers of the workshop that this runner uses
    std::string failure;

    const unsigned char *watched = nullptr;
    unsigned char watched_value = 0;
    std::string watched_what;
};

}  // namespace s2d_emulator
