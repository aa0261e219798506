// A libcuda.so.1 of our own: the driver's functions that the backend calls, over the emulator. Module images are texts that name a
// kernel library. The environment describes the machine: STANDIN_GPUS, STANDIN_VERSION (of the driver), STANDIN_MAJOR (compute
// capability), STANDIN_MEMORY (bytes). What the emulator finds wrong is printed to the standard error.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulator/api.h"

#define S2D_CALL(NAME, ...) extern "C" int s2d_emulator_##NAME(Emulator *, ##__VA_ARGS__, int64_t *result)

S2D_CALL(memory_free);
S2D_CALL(memory_total);
S2D_CALL(limit_memory, int64_t bytes);
S2D_CALL(allocate, int64_t bytes);
S2D_CALL(free, int64_t address);
S2D_CALL(bytes_behind, int64_t address);
S2D_CALL(pin, int64_t address, int64_t bytes);
S2D_CALL(unpin, int64_t address);
S2D_CALL(fill, int64_t address, int value, int64_t bytes, int64_t stream);
S2D_CALL(copy_to_device, int64_t to, const void *from, int64_t bytes, int64_t stream);
S2D_CALL(copy_to_host, void *to, int64_t from, int64_t bytes, int64_t stream);
S2D_CALL(copy_on_device, int64_t to, int64_t from, int64_t bytes, int64_t stream);
S2D_CALL(create_stream);
S2D_CALL(destroy_stream, int64_t stream);
S2D_CALL(synchronize, int64_t stream);
S2D_CALL(create_event);
S2D_CALL(destroy_event, int64_t event);
S2D_CALL(record, int64_t event, int64_t stream);
S2D_CALL(await, int64_t stream, int64_t event);
S2D_CALL(has_happened, int64_t event);
S2D_CALL(synchronize_event, int64_t event);
S2D_CALL(nanoseconds, int64_t from, int64_t to);
S2D_CALL(load_module, const char *path);
S2D_CALL(unload_module, int64_t module);
S2D_CALL(function, int64_t module, const char *name);
S2D_CALL(allow_shared_bytes, int64_t function, int bytes);
S2D_CALL(launch, int64_t function, int grid_x, int grid_y, int grid_z, int block_x, int block_y, int block_z, int shared_bytes,
         int reproducible, int count, void *const *arguments, const int *sizes, int64_t stream);
S2D_CALL(call_host, void (*function)(void *), void *data, int64_t stream);
S2D_CALL(begin_capture, int64_t stream);
S2D_CALL(end_capture, int64_t stream);
S2D_CALL(instantiate, int64_t graph);
S2D_CALL(launch_graph, int64_t executable, int64_t stream);
S2D_CALL(destroy_graph, int64_t graph);
S2D_CALL(destroy_executable, int64_t executable);
S2D_CALL(close);
S2D_CALL(destroy);

namespace {

enum Status {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    LAUNCH_FAILED = 719,
};

using Handle = int64_t;

// Streams have other numbers here than in the emulator and in Java, which must not take its own for these.
constexpr Handle FIRST_STREAM = 0x50000;

constexpr int DEFERRED = 1;
constexpr int MAX_SHARED = 99 * 1024;
constexpr char IMAGE[] = "s2d-emulator-image:";

Emulator *emulator;
int users;
bool initialized;
Status failed = SUCCESS;  // an error of a kernel stays
thread_local bool current;

int64_t setting(const char *name, int64_t usual) {
    const char *text = std::getenv(name);
    return text == nullptr ? usual : std::atoll(text);
}

// Whether this thread may call at all.
Status allowed() { return failed != SUCCESS ? failed : emulator == nullptr || !current ? INVALID_CONTEXT : SUCCESS; }

Status explain(Status status) {
    std::fprintf(stderr, "stand-in driver: %s\n", s2d_emulator_error(emulator));
    return status;
}

// A call that does no work of a stream: `refusal` when the emulator refuses it.
template <class Call>
int direct(Status refusal, Call call, int64_t *result = nullptr) {
    int64_t ignored;
    if (Status status = allowed(); status != SUCCESS) {
        return status;
    }
    int status = call(result == nullptr ? &ignored : result);
    return status == 0 ? SUCCESS : explain(status == 2 ? OUT_OF_MEMORY : refusal);
}

// A call in which work of a stream may run and fail.
template <class Call>
int working(Call call) {
    int status = direct(LAUNCH_FAILED, call);
    if (status == LAUNCH_FAILED) {
        failed = LAUNCH_FAILED;
    }
    return status;
}

Handle number_of(Handle stream) { return stream == 0 ? 0 : stream - FIRST_STREAM; }

template <class Call>
int make(Handle *out, Status refusal, Call call) {
    return direct(refusal, call, out);
}

}  // namespace

#define CALL(NAME, ...) [&](int64_t *result) { return s2d_emulator_##NAME(emulator, ##__VA_ARGS__, result); }

extern "C" {

int cuDriverGetVersion(int *version) {
    *version = static_cast<int>(setting("STANDIN_VERSION", 13000));
    return SUCCESS;
}

int cuInit(unsigned flags) {
    if (setting("STANDIN_GPUS", 1) < 0) {
        return NO_DEVICE;
    }
    initialized = flags == 0;
    return initialized ? SUCCESS : INVALID_VALUE;
}

int cuDeviceGetCount(int *count) {
    *count = static_cast<int>(setting("STANDIN_GPUS", 1));
    return initialized ? SUCCESS : NOT_INITIALIZED;
}

int cuDeviceGet(int *device, int ordinal) {
    *device = 70 + ordinal;  // a number of its own
    return ordinal < setting("STANDIN_GPUS", 1) ? SUCCESS : INVALID_DEVICE;
}

int cuDeviceGetName(char *name, int length, int device) {
    std::snprintf(name, length, "Stand-in %d", device);
    return device == 70 ? SUCCESS : INVALID_DEVICE;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = setting("STANDIN_MEMORY", int64_t(2) << 30);
    return device == 70 ? SUCCESS : INVALID_DEVICE;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
        case 1: *value = 1024; break;
        case 16: *value = 4; break;
        case 75: *value = static_cast<int>(setting("STANDIN_MAJOR", 8)); break;
        case 76: *value = 6; break;
        case 97: *value = MAX_SHARED; break;
        default: return INVALID_VALUE;
    }
    return device == 70 ? SUCCESS : INVALID_DEVICE;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
    if (device != 70) {
        return INVALID_DEVICE;
    }
    if (users++ == 0) {
        int64_t ignored;
        emulator = s2d_emulator_create(DEFERRED);
        s2d_emulator_limit_memory(emulator, setting("STANDIN_MEMORY", int64_t(2) << 30), &ignored);
    }
    *context = &users;
    return SUCCESS;
}

// The last one to leave finds what was leaked.
int cuDevicePrimaryCtxRelease_v2(int device) {
    if (device != 70 || users == 0) {
        return INVALID_DEVICE;
    }
    if (--users > 0) {
        return SUCCESS;
    }
    int64_t ignored;
    Status status = failed != SUCCESS || s2d_emulator_close(emulator, &ignored) == 0 ? SUCCESS : explain(INVALID_VALUE);
    s2d_emulator_destroy(emulator, &ignored);
    emulator = nullptr;
    return status;
}

int cuCtxSetCurrent(void *context) {
    current = context == &users;
    return current ? SUCCESS : INVALID_CONTEXT;
}

int cuMemGetInfo_v2(size_t *free, size_t *total) {
    int status = direct(INVALID_VALUE, CALL(memory_free), reinterpret_cast<int64_t *>(free));
    return status != SUCCESS ? status : direct(INVALID_VALUE, CALL(memory_total), reinterpret_cast<int64_t *>(total));
}

int cuMemAlloc_v2(Handle *address, size_t bytes) {
    return bytes == 0 ? INVALID_VALUE : make(address, INVALID_VALUE, CALL(allocate, int64_t(bytes)));
}

int cuMemFree_v2(Handle address) { return direct(INVALID_VALUE, CALL(free, address)); }

// Unlike the driver's, the size is what lies behind the address.
int cuMemGetAddressRange_v2(Handle *start, size_t *bytes, Handle address) {
    *start = address;
    return direct(INVALID_VALUE, CALL(bytes_behind, address), reinterpret_cast<int64_t *>(bytes));
}

int cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
    if (flags != 0 || bytes == 0) {
        return INVALID_VALUE;
    }
    *memory = std::malloc(bytes);
    return direct(INVALID_VALUE, CALL(pin, reinterpret_cast<int64_t>(*memory), int64_t(bytes)));
}

int cuMemFreeHost(void *memory) {
    int status = direct(INVALID_VALUE, CALL(unpin, reinterpret_cast<int64_t>(memory)));
    std::free(memory);
    return status;
}

int cuMemsetD8Async(Handle to, unsigned char value, size_t bytes, Handle stream) {
    return working(CALL(fill, to, value, int64_t(bytes), number_of(stream)));
}

int cuMemcpyHtoDAsync_v2(Handle to, const void *from, size_t bytes, Handle stream) {
    return working(CALL(copy_to_device, to, from, int64_t(bytes), number_of(stream)));
}

int cuMemcpyDtoHAsync_v2(void *to, Handle from, size_t bytes, Handle stream) {
    return working(CALL(copy_to_host, to, from, int64_t(bytes), number_of(stream)));
}

int cuMemcpyDtoDAsync_v2(Handle to, Handle from, size_t bytes, Handle stream) {
    return working(CALL(copy_on_device, to, from, int64_t(bytes), number_of(stream)));
}

int cuStreamCreate(Handle *stream, unsigned flags) {
    int status = flags > 1 ? INVALID_VALUE : make(stream, INVALID_VALUE, CALL(create_stream));
    *stream += FIRST_STREAM;
    return status;
}

int cuStreamDestroy_v2(Handle stream) { return direct(INVALID_HANDLE, CALL(destroy_stream, number_of(stream))); }
int cuStreamSynchronize(Handle stream) { return working(CALL(synchronize, number_of(stream))); }
int cuStreamWaitEvent(Handle stream, Handle event, unsigned) { return direct(INVALID_HANDLE, CALL(await, number_of(stream), event)); }
int cuEventCreate(Handle *event, unsigned) { return make(event, INVALID_VALUE, CALL(create_event)); }
int cuEventDestroy_v2(Handle event) { return direct(INVALID_HANDLE, CALL(destroy_event, event)); }
int cuEventRecord(Handle event, Handle stream) { return direct(INVALID_HANDLE, CALL(record, event, number_of(stream))); }
int cuEventSynchronize(Handle event) { return working(CALL(synchronize_event, event)); }

int cuEventQuery(Handle event) {
    int64_t happened = 0;
    int status = direct(INVALID_HANDLE, CALL(has_happened, event), &happened);
    return status != SUCCESS || happened != 0 ? status : NOT_READY;
}

int cuEventElapsedTime(float *milliseconds, Handle from, Handle to) {
    int64_t nanoseconds = 0;
    int status = direct(NOT_READY, CALL(nanoseconds, from, to), &nanoseconds);
    *milliseconds = nanoseconds * 1e-6f;
    return status;
}

int cuModuleLoadData(Handle *module, const char *image) {
    if (std::strncmp(image, IMAGE, std::strlen(IMAGE)) != 0) {
        return INVALID_IMAGE;
    }
    return make(module, INVALID_IMAGE, CALL(load_module, image + std::strlen(IMAGE)));
}

int cuModuleUnload(Handle module) { return direct(INVALID_HANDLE, CALL(unload_module, module)); }

int cuModuleGetFunction(Handle *function, Handle module, const char *name) {
    return make(function, NOT_FOUND, CALL(function, module, name));
}

int cuFuncSetAttribute(Handle function, int attribute, int value) {
    return attribute != 8 ? INVALID_VALUE : direct(INVALID_VALUE, CALL(allow_shared_bytes, function, value));
}

int cuLaunchKernel(Handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y,
                   unsigned block_z, unsigned shared_bytes, Handle stream, void **arguments, void **extra) {
    if (extra != nullptr) {
        return INVALID_VALUE;
    }
    return direct(INVALID_VALUE, CALL(launch, function, int(grid_x), int(grid_y), int(grid_z), int(block_x), int(block_y),
                                      int(block_z), int(shared_bytes), 0, 0, arguments, nullptr, number_of(stream)));
}

int cuLaunchHostFunc(Handle stream, void (*function)(void *), void *data) {
    return direct(INVALID_HANDLE, CALL(call_host, function, data, number_of(stream)));
}

int cuStreamBeginCapture_v2(Handle stream, int) { return direct(INVALID_VALUE, CALL(begin_capture, number_of(stream))); }
int cuStreamEndCapture(Handle stream, Handle *graph) { return make(graph, INVALID_VALUE, CALL(end_capture, number_of(stream))); }

int cuGraphInstantiateWithFlags(Handle *executable, Handle graph, unsigned long long flags) {
    return flags != 0 ? INVALID_VALUE : make(executable, INVALID_HANDLE, CALL(instantiate, graph));
}

int cuGraphLaunch(Handle executable, Handle stream) { return direct(INVALID_HANDLE, CALL(launch_graph, executable, number_of(stream))); }
int cuGraphDestroy(Handle graph) { return direct(INVALID_HANDLE, CALL(destroy_graph, graph)); }
int cuGraphExecDestroy(Handle executable) { return direct(INVALID_HANDLE, CALL(destroy_executable, executable)); }

}  // extern "C"
