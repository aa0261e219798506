// Device memory: every buffer its own allocation, aligned to 256 bytes, between two guards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

namespace s2d_emulator {

// One line for the user.
struct Error {
    std::string text;
    bool out_of_memory = false;
};

[[noreturn]] void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct Buffer {
    uintptr_t start;
    size_t bytes;
    char *block;  // the guard before

    char *data() const { return reinterpret_cast<char *>(start); }
};

// Where a guard was written: how many bytes before the buffer or behind its end.
struct Damage {
    bool before;
    size_t distance;
    const unsigned char *place;
};

class Memory {
  public:
    // Two contents of guards: far from each other and from ordinary values in every type, but numbers, which no maximum ignores.
    static constexpr unsigned char GUARD = 0xDA;
    static constexpr unsigned char OTHER_GUARD = 0x5A;
    // Content of new buffers and of those given back: NaN in every floating type.
    static constexpr unsigned char POISON = 0xFF;

    ~Memory();

    uintptr_t allocate(size_t bytes);
    void release(uintptr_t start);
    void limit(size_t bytes) { total = bytes; }
    size_t free_bytes() const { return total - used; }
    size_t total_bytes() const { return total; }
    size_t live_count() const { return live.size(); }
    size_t live_bytes() const { return used; }

    // The live buffer that an address points into or to the end of; null when none.
    const Buffer *find(uintptr_t address) const;

    // As find, but fails with a line that begins with `what`.
    const Buffer &require(uintptr_t address, const std::string &what) const;

    // Fails unless the bytes lie in one buffer.
    void require_range(uintptr_t address, size_t bytes, const std::string &what) const;

    // How many bytes lie between an address and the end of its buffer; fails when it lies in none.
    size_t bytes_behind(uintptr_t address) const {
        const Buffer &buffer = require(address, "buffer");
        return buffer.start + buffer.bytes - address;
    }

    // True, with the place, when a guard does not hold `expected` everywhere.
    static bool damaged(const Buffer &buffer, unsigned char expected, Damage &damage);
    static void fill_guards(const Buffer &buffer, unsigned char value);

  private:
    struct Gone {
        uintptr_t start;
        size_t bytes;
        char *block;
    };

    void forget_oldest();

    std::map<uintptr_t, Buffer> live;
    // Given back, but not yet to the system: so that late uses are recognised.
    std::deque<Gone> gone;
    size_t gone_bytes = 0;
    size_t used = 0;
    size_t total = size_t(8) << 30;
};

}  // namespace s2d_emulator
