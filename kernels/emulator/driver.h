// The fake driver: streams, events, modules, graphs, copies. Handles are numbers that are never used twice.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emulator/launcher.h"
#include "emulator/memory.h"

namespace s2d_emulator {

using Handle = int64_t;

enum Options : int {
    DEFERRED = 1,  // work runs when the host waits for it, not at once
    SAMPLED = 2,   // not every launch is run a second time in another order
};

class Driver {
  public:
    explicit Driver(int options) : deferred((options & DEFERRED) != 0), launcher(memory, (options & SAMPLED) != 0) { streams[0]; }

    // Throws Error that names what was not given back.
    void close();

    Memory memory;

    uintptr_t allocate(size_t bytes);
    void free(uintptr_t address);
    void free_ordered(uintptr_t address, Handle stream);
    void pin(uintptr_t address, size_t bytes);
    void unpin(uintptr_t address);
    void fill(uintptr_t address, int value, size_t bytes, Handle stream);
    void copy_to_device(uintptr_t to, const void *from, size_t bytes, Handle stream);
    void copy_to_host(void *to, uintptr_t from, size_t bytes, Handle stream);
    void copy_on_device(uintptr_t to, uintptr_t from, size_t bytes, Handle stream);

    Handle create_stream();
    void destroy_stream(Handle stream);
    void synchronize(Handle stream);
    Handle create_event();
    void destroy_event(Handle event);
    void record(Handle event, Handle stream);
    void await(Handle stream, Handle event);
    bool has_happened(Handle event);
    void synchronize_event(Handle event);
    int64_t nanoseconds(Handle from, Handle to);

    Handle load_module(const char *path);
    void unload_module(Handle module);
    Handle function(Handle module, const char *name);
    void allow_shared_bytes(Handle function, int bytes);
    int function_count(Handle module);
    const char *function_name(Handle module, int index);
    int64_t function_launches(Handle module, int index);
    // Without sizes, arguments are as the signature says: all that a real driver knows.
    void launch(Handle function, Index grid, Index block, int shared_bytes, bool reproducible, int count,
                void *const *arguments, const int *sizes, Handle stream);
    // Calls a function of the host's in the order of the stream.
    void call_host(void (*function)(void *), void *data, Handle stream);

    void begin_capture(Handle stream);
    Handle end_capture(Handle stream);
    Handle instantiate(Handle graph);
    void launch_graph(Handle executable, Handle stream);
    void destroy_graph(Handle graph);
    void destroy_executable(Handle executable);

  private:
    using Work = std::function<void()>;

    struct Step {
        Work work;
        Handle waits_for = 0;  // an event
        uint64_t version = 0;
    };

    struct Stream {
        std::deque<Step> steps;
        std::shared_ptr<std::vector<Work>> capture;
    };

    struct Event {
        uint64_t recorded = 0;
        uint64_t happened = 0;
        Handle stream = 0;
        int64_t time = 0;
    };

    struct Function {
        const Entry *entry;
        int max_shared = 48 * 1024;
        int64_t launches = 0;
    };

    struct Library {
        const Module *module;
        void *handle;
        std::vector<Handle> functions;  // in the order of the module's entries
    };

    using Graph = std::shared_ptr<std::vector<Work>>;

    Stream &stream_of(Handle handle);
    Event &event_of(Handle handle);
    Function &function_of(Handle handle);
    Library &module_of(Handle handle);
    void enqueue(Handle stream, Work work);
    bool run_next(Handle stream);
    void drain(Handle stream);
    void drain_all();
    void run_until(Event &event, uint64_t version);
    bool is_pinned(const void *memory, size_t bytes) const;
    void refuse_during_capture(const char *what) const;

    const bool deferred;
    Launcher launcher;
    Handle next = 1;
    std::map<Handle, Stream> streams;  // 0 is the default stream
    std::map<Handle, Event> events;
    std::map<Handle, Library> modules;
    std::map<Handle, Function> functions;
    std::map<Handle, Graph> graphs, executables;
    std::map<uintptr_t, size_t> pinned;
};

}  // namespace s2d_emulator
