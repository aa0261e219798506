#include "emulator/driver.h"

#include <dlfcn.h>

#include <chrono>
#include <cstring>
#include <mutex>

namespace s2d_emulator {

namespace {

// Kernel libraries are shared by all emulators of the process, and have one Runtime at a time.
std::mutex one_launch_at_a_time;

constexpr int MOST_SHARED = 99 * 1024;

char *pointer(uintptr_t address) { return reinterpret_cast<char *>(address); }

template <class T>
T &find(std::map<Handle, T> &all, Handle handle, const char *kind) {
    auto found = all.find(handle);
    if (found == all.end()) {
        fail("%s %lld does not exist (any more)", kind, static_cast<long long>(handle));
    }
    return found->second;
}

}  // namespace

Driver::Stream &Driver::stream_of(Handle handle) { return find(streams, handle, "stream"); }
Driver::Event &Driver::event_of(Handle handle) { return find(events, handle, "event"); }
Driver::Function &Driver::function_of(Handle handle) { return find(functions, handle, "function"); }
Driver::Library &Driver::module_of(Handle handle) { return find(modules, handle, "module"); }

void Driver::close() {
    drain_all();
    std::string leaked;
    auto count = [&](size_t number, const char *what) {
        if (number > 0) {
            leaked += (leaked.empty() ? "" : ", ") + std::to_string(number) + " " + what;
        }
    };
    count(memory.live_count(), ("buffers (" + std::to_string(memory.live_bytes()) + " bytes)").c_str());
    count(streams.size() - 1, "streams");
    count(events.size(), "events");
    count(graphs.size(), "graphs");
    count(executables.size(), "executable graphs");
    count(modules.size(), "modules");
    count(pinned.size(), "pinned host buffers");
    if (!leaked.empty()) {
        fail("closed with %s never given back", leaked.c_str());
    }
}

// Work

void Driver::refuse_during_capture(const char *what) const {
    for (const auto &[handle, stream] : streams) {
        if (stream.capture != nullptr) {
            fail("%s while a stream is being captured", what);
        }
    }
}

void Driver::enqueue(Handle handle, Work work) {
    Stream &stream = stream_of(handle);
    if (stream.capture != nullptr) {
        stream.capture->push_back(std::move(work));
        return;
    }
    stream.steps.push_back({std::move(work)});
    if (!deferred) {
        drain(handle);
    }
}

// Runs what the stream has next; false when there is nothing.
bool Driver::run_next(Handle handle) {
    Stream &stream = stream_of(handle);
    if (stream.steps.empty()) {
        return false;
    }
    Step step = std::move(stream.steps.front());
    stream.steps.pop_front();
    if (step.waits_for != 0 && events.count(step.waits_for) != 0) {
        run_until(events[step.waits_for], step.version);
    }
    if (step.work) {
        try {
            step.work();
        } catch (const Error &) {
            stream.steps.clear();  // as on a GPU, nothing after an error is run
            throw;
        }
    }
    return true;
}

void Driver::drain(Handle stream) {
    while (run_next(stream)) {
    }
}

void Driver::drain_all() {
    for (auto &[handle, stream] : streams) {
        drain(handle);
    }
}

void Driver::run_until(Event &event, uint64_t version) {
    while (event.happened < version && run_next(event.stream)) {
    }
}

// Memory

uintptr_t Driver::allocate(size_t bytes) {
    refuse_during_capture("allocate");
    return memory.allocate(bytes);
}

void Driver::free(uintptr_t address) {
    refuse_during_capture("free");
    drain_all();
    memory.release(address);
}

void Driver::free_ordered(uintptr_t address, Handle stream) {
    enqueue(stream, [=, this] { memory.release(address); });
}

void Driver::pin(uintptr_t address, size_t bytes) { pinned[address] = bytes; }

void Driver::unpin(uintptr_t address) {
    drain_all();
    pinned.erase(address);
}

bool Driver::is_pinned(const void *host, size_t bytes) const {
    auto address = reinterpret_cast<uintptr_t>(host);
    auto after = pinned.upper_bound(address);
    if (after == pinned.begin()) {
        return false;
    }
    --after;
    return address + bytes <= after->first + after->second;
}

void Driver::fill(uintptr_t address, int value, size_t bytes, Handle stream) {
    enqueue(stream, [=, this] {
        memory.require_range(address, bytes, "fill");
        std::memset(pointer(address), value, bytes);
    });
}

void Driver::copy_to_device(uintptr_t to, const void *from, size_t bytes, Handle stream) {
    auto check = [=, this] { memory.require_range(to, bytes, "copy to device"); };
    if (is_pinned(from, bytes)) {
        enqueue(stream, [=] {
            check();
            std::memcpy(pointer(to), from, bytes);
        });
        return;
    }
    if (stream_of(stream).capture != nullptr) {
        fail("copy to device from memory that is not pinned while the stream is being captured");
    }
    std::vector<char> staged(static_cast<const char *>(from), static_cast<const char *>(from) + bytes);
    enqueue(stream, [=, staged = std::move(staged)] {
        check();
        std::memcpy(pointer(to), staged.data(), bytes);
    });
}

void Driver::copy_to_host(void *to, uintptr_t from, size_t bytes, Handle stream) {
    bool later = is_pinned(to, bytes);
    if (!later && stream_of(stream).capture != nullptr) {
        fail("copy to host to memory that is not pinned while the stream is being captured");
    }
    enqueue(stream, [=, this] {
        memory.require_range(from, bytes, "copy to host");
        std::memcpy(to, pointer(from), bytes);
    });
    if (!later) {
        drain(stream);
    }
}

void Driver::copy_on_device(uintptr_t to, uintptr_t from, size_t bytes, Handle stream) {
    enqueue(stream, [=, this] {
        memory.require_range(to, bytes, "copy on device, target");
        memory.require_range(from, bytes, "copy on device, source");
        std::memmove(pointer(to), pointer(from), bytes);
    });
}

// Streams and events

Handle Driver::create_stream() {
    streams[next];
    return next++;
}

void Driver::destroy_stream(Handle stream) {
    if (stream_of(stream).capture != nullptr) {
        fail("destroy stream while it is being captured");
    }
    drain(stream);
    streams.erase(stream);
}

void Driver::synchronize(Handle stream) {
    if (stream_of(stream).capture != nullptr) {
        fail("synchronize while the stream is being captured");
    }
    if (stream == 0) {
        drain_all();
    } else {
        drain(stream);
    }
}

Handle Driver::create_event() {
    events[next];
    return next++;
}

void Driver::destroy_event(Handle event) {
    Event &gone = event_of(event);
    run_until(gone, gone.recorded);
    events.erase(event);
}

void Driver::record(Handle handle, Handle stream) {
    Event &event = event_of(handle);
    event.stream = stream;
    uint64_t version = ++event.recorded;
    enqueue(stream, [=, this] {
        auto found = events.find(handle);
        if (found != events.end()) {
            found->second.happened = std::max(found->second.happened, version);
            found->second.time = std::chrono::steady_clock::now().time_since_epoch().count();
        }
    });
}

void Driver::await(Handle handle, Handle event) {
    Stream &stream = stream_of(handle);
    uint64_t version = event_of(event).recorded;
    if (stream.capture != nullptr) {
        fail("await: the emulator captures one stream, not several that wait for each other");
    }
    stream.steps.push_back({nullptr, event, version});
    if (!deferred) {
        drain(handle);
    }
}

bool Driver::has_happened(Handle handle) {
    Event &event = event_of(handle);
    // Time passes while the host asks.
    if (event.happened < event.recorded) {
        run_next(event.stream);
    }
    return event.happened >= event.recorded;
}

void Driver::synchronize_event(Handle handle) {
    Event &event = event_of(handle);
    if (event.recorded == 0) {
        fail("synchronize: the event was never recorded");
    }
    run_until(event, event.recorded);
}

int64_t Driver::nanoseconds(Handle from, Handle to) {
    Event &first = event_of(from), &second = event_of(to);
    if (first.happened == 0 || second.happened == 0 || first.happened < first.recorded || second.happened < second.recorded) {
        fail("time between events: one of them has not happened");
    }
    return second.time - first.time;
}

// Kernels

Handle Driver::load_module(const char *path) {
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        fail("load module: %s", dlerror());
    }
    auto describe = reinterpret_cast<const Module *(*)()>(dlsym(handle, "s2d_emulator_module"));
    if (describe == nullptr) {
        dlclose(handle);
        fail("load module: %s is not a kernel library", path);
    }
    Library library{describe(), handle, {}};
    for (int i = 0; i < library.module->entry_count; i++) {
        functions[next] = {&library.module->entries[i]};
        library.functions.push_back(next++);
    }
    modules[next] = library;
    return next++;
}

void Driver::unload_module(Handle handle) {
    Library &library = module_of(handle);
    drain_all();
    for (Handle function : library.functions) {
        functions.erase(function);
    }
    dlclose(library.handle);
    modules.erase(handle);
}

Handle Driver::function(Handle handle, const char *name) {
    const Library &library = module_of(handle);
    for (int i = 0; i < library.module->entry_count; i++) {
        if (std::strcmp(library.module->entries[i].name, name) == 0) {
            return library.functions[i];
        }
    }
    fail("the module has no kernel %s", name);
}

void Driver::allow_shared_bytes(Handle function, int bytes) {
    if (bytes > MOST_SHARED) {
        fail("%s: %d bytes of shared memory, the device has %d", function_of(function).entry->name, bytes, MOST_SHARED);
    }
    function_of(function).max_shared = bytes;
}

int Driver::function_count(Handle module) { return module_of(module).module->entry_count; }

const char *Driver::function_name(Handle module, int index) { return module_of(module).module->entries[index].name; }

int64_t Driver::function_launches(Handle module, int index) {
    return function_of(module_of(module).functions.at(index)).launches;
}

void Driver::launch(Handle handle, Index grid, Index block, int shared_bytes, bool reproducible, int count,
                    void *const *arguments, const int *sizes, Handle stream) {
    Function &function = function_of(handle);
    const Entry &entry = *function.entry;
    if (sizes != nullptr && count != entry.parameter_count) {
        fail("%s: %d arguments, it has %d parameters", entry.name, count, entry.parameter_count);
    }
    if (shared_bytes > function.max_shared) {
        fail("%s: %d bytes of shared memory, allowed are %d", entry.name, shared_bytes, function.max_shared);
    }
    Launch launch{&entry, nullptr, grid, block, static_cast<size_t>(shared_bytes), reproducible, {}};
    for (const auto &[key, library] : modules) {
        for (Handle candidate : library.functions) {
            if (candidate == handle) {
                launch.runtime = library.module->runtime;
            }
        }
    }
    for (int i = 0; i < entry.parameter_count; i++) {
        int size = entry.parameters[i].bytes;
        if (sizes != nullptr && sizes[i] != size) {
            fail("%s: argument %d has %d bytes, its parameter %d", entry.name, i, sizes[i], size);
        }
        auto *bytes = static_cast<const char *>(arguments[i]);
        launch.arguments.emplace_back(bytes, bytes + size);
    }
    function.launches++;
    enqueue(stream, [this, launch = std::move(launch)] {
        std::lock_guard<std::mutex> lock(one_launch_at_a_time);
        launcher.run(launch);
    });
}

void Driver::call_host(void (*function)(void *), void *data, Handle stream) {
    enqueue(stream, [=] { function(data); });
}

// Graphs

void Driver::begin_capture(Handle stream) {
    refuse_during_capture("begin capture");
    if (stream == 0) {
        fail("begin capture: the default stream cannot be captured");
    }
    stream_of(stream).capture = std::make_shared<std::vector<Work>>();
}

Handle Driver::end_capture(Handle stream) {
    Stream &captured = stream_of(stream);
    if (captured.capture == nullptr) {
        fail("end capture: the stream is not being captured");
    }
    graphs[next] = std::move(captured.capture);
    captured.capture = nullptr;
    return next++;
}

Handle Driver::instantiate(Handle graph) {
    executables[next] = find(graphs, graph, "graph");
    return next++;
}

void Driver::launch_graph(Handle executable, Handle stream) {
    Graph graph = find(executables, executable, "executable graph");
    enqueue(stream, [graph] {
        for (const Work &work : *graph) {
            work();
        }
    });
}

void Driver::destroy_graph(Handle graph) {
    find(graphs, graph, "graph");
    graphs.erase(graph);
}

void Driver::destroy_executable(Handle executable) {
    find(executables, executable, "executable graph");
    executables.erase(executable);
}

}  // namespace s2d_emulator
