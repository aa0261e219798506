#include "emulator/api.h"

#include <exception>
#include <string>

#include "emulator/driver.h"

namespace s2d_emulator {

struct Emulator {
    explicit Emulator(int options) : driver(options) {}

    Driver driver;
    std::string error;
};

namespace {

// Runs one call; errors become a status and a text.
template <class Call>
int guarded(Emulator *emulator, int64_t *result, Call call) {
    try {
        *result = call(emulator->driver);
        return 0;
    } catch (const Error &error) {
        emulator->error = error.text;
        return error.out_of_memory ? 2 : 1;
    } catch (const std::exception &error) {
        emulator->error = error.what();
        return 1;
    }
}

}  // namespace

}  // namespace s2d_emulator

using namespace s2d_emulator;

Emulator *s2d_emulator_create(int options) { return new Emulator(options); }

const char *s2d_emulator_error(const Emulator *emulator) { return emulator->error.c_str(); }

// A function of the driver with a result, and one without.
#define VALUE(NAME, PARAMETERS, EXPRESSION)                                                       \
    S2D_EMULATOR_API int s2d_emulator_##NAME PARAMETERS {                                         \
        return guarded(emulator, result, [&](Driver &driver) -> int64_t { return EXPRESSION; });  \
    }
#define ACTION(NAME, PARAMETERS, STATEMENT)                            \
    S2D_EMULATOR_API int s2d_emulator_##NAME PARAMETERS {              \
        return guarded(emulator, result, [&](Driver &driver) -> int64_t { \
            STATEMENT;                                                 \
            return 0;                                                  \
        });                                                            \
    }

VALUE(memory_free, (Emulator *emulator, int64_t *result), driver.memory.free_bytes())
VALUE(memory_total, (Emulator *emulator, int64_t *result), driver.memory.total_bytes())
ACTION(limit_memory, (Emulator *emulator, int64_t bytes, int64_t *result), driver.memory.limit(bytes))
VALUE(allocate, (Emulator *emulator, int64_t bytes, int64_t *result), driver.allocate(bytes))
ACTION(free, (Emulator *emulator, int64_t address, int64_t *result), driver.free(address))
ACTION(free_ordered, (Emulator *emulator, int64_t address, int64_t stream, int64_t *result), driver.free_ordered(address, stream))
ACTION(pin, (Emulator *emulator, int64_t address, int64_t bytes, int64_t *result), driver.pin(address, bytes))
ACTION(unpin, (Emulator *emulator, int64_t address, int64_t *result), driver.unpin(address))
ACTION(fill, (Emulator *emulator, int64_t address, int value, int64_t bytes, int64_t stream, int64_t *result),
       driver.fill(address, value, bytes, stream))
ACTION(copy_to_device, (Emulator *emulator, int64_t to, const void *from, int64_t bytes, int64_t stream, int64_t *result),
       driver.copy_to_device(to, from, bytes, stream))
ACTION(copy_to_host, (Emulator *emulator, void *to, int64_t from, int64_t bytes, int64_t stream, int64_t *result),
       driver.copy_to_host(to, from, bytes, stream))
ACTION(copy_on_device, (Emulator *emulator, int64_t to, int64_t from, int64_t bytes, int64_t stream, int64_t *result),
       driver.copy_on_device(to, from, bytes, stream))

VALUE(create_stream, (Emulator *emulator, int64_t *result), driver.create_stream())
ACTION(destroy_stream, (Emulator *emulator, int64_t stream, int64_t *result), driver.destroy_stream(stream))
ACTION(synchronize, (Emulator *emulator, int64_t stream, int64_t *result), driver.synchronize(stream))
VALUE(create_event, (Emulator *emulator, int64_t *result), driver.create_event())
ACTION(destroy_event, (Emulator *emulator, int64_t event, int64_t *result), driver.destroy_event(event))
ACTION(record, (Emulator *emulator, int64_t event, int64_t stream, int64_t *result), driver.record(event, stream))
ACTION(await, (Emulator *emulator, int64_t stream, int64_t event, int64_t *result), driver.await(stream, event))
VALUE(has_happened, (Emulator *emulator, int64_t event, int64_t *result), driver.has_happened(event))
ACTION(synchronize_event, (Emulator *emulator, int64_t event, int64_t *result), driver.synchronize_event(event))
VALUE(nanoseconds, (Emulator *emulator, int64_t from, int64_t to, int64_t *result), driver.nanoseconds(from, to))

VALUE(load_module, (Emulator *emulator, const char *path, int64_t *result), driver.load_module(path))
ACTION(unload_module, (Emulator *emulator, int64_t module, int64_t *result), driver.unload_module(module))
VALUE(function, (Emulator *emulator, int64_t module, const char *name, int64_t *result), driver.function(module, name))
ACTION(allow_shared_bytes, (Emulator *emulator, int64_t function, int bytes, int64_t *result),
       driver.allow_shared_bytes(function, bytes))
VALUE(function_count, (Emulator *emulator, int64_t module, int64_t *result), driver.function_count(module))
VALUE(function_name, (Emulator *emulator, int64_t module, int64_t index, int64_t *result),
      reinterpret_cast<int64_t>(driver.function_name(module, static_cast<int>(index))))
VALUE(function_launches, (Emulator *emulator, int64_t module, int64_t index, int64_t *result),
      driver.function_launches(module, static_cast<int>(index)))
ACTION(launch,
       (Emulator *emulator, int64_t function, int grid_x, int grid_y, int grid_z, int block_x, int block_y, int block_z,
        int shared_bytes, int reproducible, int count, void *const *arguments, const int *sizes, int64_t stream,
        int64_t *result),
       driver.launch(function, {unsigned(grid_x), unsigned(grid_y), unsigned(grid_z)},
                     {unsigned(block_x), unsigned(block_y), unsigned(block_z)}, shared_bytes, reproducible != 0, count,
                     arguments, sizes, stream))

ACTION(call_host, (Emulator *emulator, void (*function)(void *), void *data, int64_t stream, int64_t *result),
       driver.call_host(function, data, stream))
// Bytes from an address to the end of the buffer it lies in.
VALUE(bytes_behind, (Emulator *emulator, int64_t address, int64_t *result), driver.memory.bytes_behind(address))

ACTION(begin_capture, (Emulator *emulator, int64_t stream, int64_t *result), driver.begin_capture(stream))
VALUE(end_capture, (Emulator *emulator, int64_t stream, int64_t *result), driver.end_capture(stream))
VALUE(instantiate, (Emulator *emulator, int64_t graph, int64_t *result), driver.instantiate(graph))
ACTION(launch_graph, (Emulator *emulator, int64_t executable, int64_t stream, int64_t *result),
       driver.launch_graph(executable, stream))
ACTION(destroy_graph, (Emulator *emulator, int64_t graph, int64_t *result), driver.destroy_graph(graph))
ACTION(destroy_executable, (Emulator *emulator, int64_t executable, int64_t *result), driver.destroy_executable(executable))

ACTION(close, (Emulator *emulator, int64_t *result), driver.close())

S2D_EMULATOR_API int s2d_emulator_destroy(Emulator *emulator, int64_t *result) {
    *result = 0;
    delete emulator;
    return 0;
}
