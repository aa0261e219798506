// Runs a launch in two orders and checks what it did.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "emulator/block.h"
#include "emulator/memory.h"

namespace s2d_emulator {

// A kernel launch with its arguments copied.
struct Launch {
    const Entry *entry;
    Runtime **runtime;
    Index grid, block;
    size_t shared_bytes;
    bool reproducible;
    std::vector<std::vector<char>> arguments;
};

class Launcher {
  public:
    // Sampled: of the launches with the same kernel and geometry only the first and some later ones run in both orders; the others
    // run once, which finds everything but races and reads of undefined memory.
    Launcher(Memory &memory, bool sampled) : memory(memory), sampled(sampled) {}

    // Throws Error when the kernel did something wrong.
    void run(const Launch &launch);

  private:
    // A buffer that the launch can reach, with its content before and after.
    struct Reached {
        const Buffer *buffer;
        int argument;  // that points to it; -1: a pointer in memory does
        bool written;
        std::vector<char> before, after;
    };

    bool runs_twice(const Launch &launch);
    void reach(const Launch &launch);
    void add(uintptr_t address, int argument, bool written);
    void scan(const char *bytes, size_t count);
    void execute(const Launch &launch, const Variant &variant, unsigned char guard);
    void locate_damage(const Launch &launch, const Variant &variant, const Reached &reached, const Damage &damage);
    void check_constants(const Launch &launch);
    void restore();
    std::string difference() const;
    [[noreturn]] void explain(const Launch &launch, const std::string &difference);

    Memory &memory;
    const bool sampled;
    std::map<std::string, int> seen;  // launches by kernel and geometry
    Workshop workshop;
    std::vector<Reached> buffers;
    uint64_t launches = 0;
};

}  // namespace s2d_emulator
