#include "emulator/launcher.h"

#include <cstring>

namespace s2d_emulator {

namespace {

// Larger buffers hold numbers, not tables of pointers.
constexpr size_t MAX_TABLE_BYTES = size_t(1) << 20;

// Of launches of one kind, when sampled: the first, the seventeenth and so on.
constexpr int ONE_IN = 16;

// Kernel libraries have one Runtime at a time.
class Installed {
  public:
    Installed(Runtime **place, Runtime &runtime) : place(place), before(*place) { *place = &runtime; }
    ~Installed() { *place = before; }

  private:
    Runtime **place;
    Runtime *before;
};

std::vector<void *> pointers_to(const Launch &launch) {
    std::vector<void *> pointers;
    for (const auto &argument : launch.arguments) {
        pointers.push_back(const_cast<char *>(argument.data()));
    }
    return pointers;
}

uintptr_t address_in(const char *bytes) {
    uintptr_t address;
    std::memcpy(&address, bytes, sizeof address);
    return address;
}

}  // namespace

void Launcher::run(const Launch &launch) {
    launches++;
    reach(launch);
    for (Reached &reached : buffers) {
        reached.before.assign(reached.buffer->data(), reached.buffer->data() + reached.buffer->bytes);
    }
    execute(launch, Variant{}, Memory::GUARD);
    check_constants(launch);
    if (!runs_twice(launch)) {
        return;
    }
    for (Reached &reached : buffers) {
        if (reached.written) {
            reached.after.assign(reached.buffer->data(), reached.buffer->data() + reached.buffer->bytes);
        }
    }
    // With floating-point atomics the order may show; what undefined memory holds must not.
    restore();
    execute(launch, Variant{launch.reproducible, launch.reproducible, 0x7f}, Memory::OTHER_GUARD);
    std::string differs = difference();
    if (!differs.empty()) {
        explain(launch, differs);
    }
}

bool Launcher::runs_twice(const Launch &launch) {
    if (!sampled) {
        return true;
    }
    std::string kind = launch.entry->name;
    for (unsigned size : {launch.grid.x, launch.grid.y, launch.grid.z, launch.block.x, launch.block.y, launch.block.z}) {
        kind += "," + std::to_string(size);
    }
    return seen[kind]++ % ONE_IN == 0;
}

void Launcher::check_constants(const Launch &launch) {
    for (const Reached &reached : buffers) {
        if (!reached.written && std::memcmp(reached.before.data(), reached.buffer->data(), reached.before.size()) != 0) {
            fail("%s: wrote to argument %d, which points to constants", launch.entry->name, reached.argument);
        }
    }
}

// What the launch can touch: where its pointers point, and where pointers in those buffers and in structures point.
void Launcher::reach(const Launch &launch) {
    buffers.clear();
    for (int i = 0; i < launch.entry->parameter_count; i++) {
        const Parameter &parameter = launch.entry->parameters[i];
        const auto &value = launch.arguments[i];
        if (!parameter.pointer) {
            scan(value.data(), value.size());
            continue;
        }
        uintptr_t address = address_in(value.data());
        if (address != 0) {
            memory.require(address, std::string(launch.entry->name) + ": argument " + std::to_string(i));
            add(address, i, !parameter.to_const);
        }
    }
    for (size_t i = 0; i < buffers.size(); i++) {
        const Buffer &buffer = *buffers[i].buffer;
        if (buffer.bytes <= MAX_TABLE_BYTES) {
            scan(buffer.data(), buffer.bytes);
        }
    }
}

void Launcher::add(uintptr_t address, int argument, bool written) {
    const Buffer *buffer = memory.find(address);
    for (Reached &reached : buffers) {
        if (reached.buffer == buffer) {
            reached.written |= written;
            return;
        }
    }
    buffers.push_back({buffer, argument, written, {}, {}});
}

void Launcher::scan(const char *bytes, size_t count) {
    for (size_t at = 0; at + sizeof(uintptr_t) <= count; at += sizeof(uintptr_t)) {
        uintptr_t address = address_in(bytes + at);
        if (address > 4096 && memory.find(address) != nullptr) {
            add(address, -1, true);
        }
    }
}

void Launcher::execute(const Launch &launch, const Variant &variant, unsigned char guard) {
    for (const Reached &reached : buffers) {
        Memory::fill_guards(*reached.buffer, guard);
    }
    Geometry geometry{launch.entry, launch.grid, launch.block, launch.shared_bytes, launches};
    std::vector<void *> arguments = pointers_to(launch);
    BlockRunner runner(workshop, geometry, variant);
    Installed installed(launch.runtime, runner);
    runner.run(arguments.data());
    for (const Reached &reached : buffers) {
        Damage damage;
        bool damaged = Memory::damaged(*reached.buffer, guard, damage);
        Memory::fill_guards(*reached.buffer, Memory::GUARD);
        if (damaged) {
            locate_damage(launch, variant, reached, damage);
        }
    }
}

// Runs once more, watching the place, to tell who wrote there.
void Launcher::locate_damage(const Launch &launch, const Variant &variant, const Reached &reached, const Damage &damage) {
    std::string what = !damage.before        ? "wrote behind the end"
                       : damage.distance == 1 ? "wrote just before the start"
                                              : "wrote " + std::to_string(damage.distance) + " bytes before the start";
    what += " of a buffer of " + std::to_string(reached.buffer->bytes) + " bytes";
    if (!damage.before && damage.distance > 0) {
        what += ", " + std::to_string(damage.distance) + " bytes further on";
    }
    if (reached.argument >= 0) {
        what += " (argument " + std::to_string(reached.argument) + ")";
    }
    restore();
    Geometry geometry{launch.entry, launch.grid, launch.block, launch.shared_bytes, launches};
    std::vector<void *> arguments = pointers_to(launch);
    BlockRunner runner(workshop, geometry, variant);
    Installed installed(launch.runtime, runner);
    runner.watch(damage.place, *damage.place, what);
    runner.run(arguments.data());
    throw Error{std::string(launch.entry->name) + ": " + what};
}

void Launcher::restore() {
    for (const Reached &reached : buffers) {
        if (reached.written) {
            std::memcpy(reached.buffer->data(), reached.before.data(), reached.before.size());
        }
    }
}

// Where the buffers differ from what the first run left; empty when nowhere.
std::string Launcher::difference() const {
    for (const Reached &reached : buffers) {
        const char *now = reached.buffer->data();
        for (size_t i = 0; i < reached.after.size(); i++) {
            if (now[i] != reached.after[i]) {
                std::string which = reached.argument >= 0 ? "argument " + std::to_string(reached.argument) : "a buffer";
                return which + ", byte " + std::to_string(i) + " of " + std::to_string(reached.after.size());
            }
        }
    }
    return "";
}

// Changes one thing at a time to tell what the result depends on.
void Launcher::explain(const Launch &launch, const std::string &differs) {
    struct Suspect {
        Variant variant;
        unsigned char guard;
        const char *text;
    };
    const Suspect suspects[] = {
        {{}, Memory::OTHER_GUARD, "what lies outside of a buffer: it reads out of range"},
        {{true, false, 0xff}, Memory::GUARD, "the order of the blocks: they race"},
        {{false, true, 0xff}, Memory::GUARD, "the order of the threads of a block: they race, a barrier is missing"},
        {{false, false, 0x7f}, Memory::GUARD, "undefined shared memory"},
    };
    for (const Suspect &suspect : suspects) {
        bool order = suspect.variant.reverse_blocks || suspect.variant.reverse_threads;
        if (order && !launch.reproducible) {
            continue;
        }
        restore();
        execute(launch, suspect.variant, suspect.guard);
        if (!difference().empty()) {
            fail("%s: the result (%s) depends on %s", launch.entry->name, differs.c_str(), suspect.text);
        }
    }
    fail("%s: the result (%s) depends on the order of blocks and threads, or on undefined memory", launch.entry->name,
         differs.c_str());
}

}  // namespace s2d_emulator
