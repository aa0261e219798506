#include "emulator/memory.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace s2d_emulator {

namespace {

constexpr size_t GUARD_BYTES = 512;
constexpr size_t ALIGNMENT = 256;
constexpr size_t MAX_GONE_BYTES = size_t(64) << 20;

size_t block_bytes(size_t bytes) { return (2 * GUARD_BYTES + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

}  // namespace

void fail(const char *format, ...) {
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw Error{text};
}

Memory::~Memory() {
    while (!live.empty()) {
        release(live.begin()->first);
    }
    while (!gone.empty()) {
        forget_oldest();
    }
}

uintptr_t Memory::allocate(size_t bytes) {
    char *block = used + bytes > total ? nullptr : static_cast<char *>(std::aligned_alloc(ALIGNMENT, block_bytes(bytes)));
    if (block == nullptr) {
        throw Error{"out of memory: asked for " + std::to_string(bytes) + " bytes", true};
    }
    Buffer buffer{reinterpret_cast<uintptr_t>(block + GUARD_BYTES), bytes, block};
    std::memset(buffer.data(), POISON, bytes);
    fill_guards(buffer, GUARD);
    ASAN_POISON_MEMORY_REGION(block, GUARD_BYTES);
    ASAN_POISON_MEMORY_REGION(buffer.data() + bytes, block + block_bytes(bytes) - (buffer.data() + bytes));
    live.emplace(buffer.start, buffer);
    used += bytes;
    return buffer.start;
}

void Memory::release(uintptr_t start) {
    auto found = live.find(start);
    if (found == live.end()) {
        for (const Gone &block : gone) {
            if (block.start == start) {
                fail("free: a buffer of %zu bytes was freed twice", block.bytes);
            }
        }
        fail("free: the address was never allocated");
    }
    const Buffer buffer = found->second;
    live.erase(found);
    used -= buffer.bytes;
    std::memset(buffer.data(), POISON, buffer.bytes);
    ASAN_POISON_MEMORY_REGION(buffer.data(), buffer.bytes);
    gone.push_back({buffer.start, buffer.bytes, buffer.block});
    gone_bytes += buffer.bytes;
    while (gone_bytes > MAX_GONE_BYTES) {
        forget_oldest();
    }
}

void Memory::forget_oldest() {
    Gone oldest = gone.front();
    gone.pop_front();
    gone_bytes -= oldest.bytes;
    ASAN_UNPOISON_MEMORY_REGION(oldest.block, block_bytes(oldest.bytes));
    std::free(oldest.block);
}

const Buffer *Memory::find(uintptr_t address) const {
    auto after = live.upper_bound(address);
    if (after == live.begin()) {
        return nullptr;
    }
    const Buffer &buffer = std::prev(after)->second;
    return address <= buffer.start + buffer.bytes ? &buffer : nullptr;
}

const Buffer &Memory::require(uintptr_t address, const std::string &what) const {
    const Buffer *buffer = find(address);
    if (buffer != nullptr) {
        return *buffer;
    }
    for (const Gone &block : gone) {
        if (address >= block.start && address <= block.start + block.bytes) {
            fail("%s: use after free of a buffer of %zu bytes", what.c_str(), block.bytes);
        }
    }
    fail("%s: not an address of device memory", what.c_str());
}

void Memory::require_range(uintptr_t address, size_t bytes, const std::string &what) const {
    if (bytes == 0) {
        return;
    }
    const Buffer &buffer = require(address, what);
    size_t left = buffer.start + buffer.bytes - address;
    if (bytes > left) {
        fail("%s: %zu bytes, but the buffer of %zu bytes ends after %zu", what.c_str(), bytes, buffer.bytes, left);
    }
}

#ifdef __SANITIZE_ADDRESS__

// The sanitizer itself watches the guards: nobody may read them, this code included.

bool Memory::damaged(const Buffer &, unsigned char, Damage &) { return false; }

void Memory::fill_guards(const Buffer &, unsigned char) {}

#else

bool Memory::damaged(const Buffer &buffer, unsigned char expected, Damage &damage) {
    auto *begin = reinterpret_cast<const unsigned char *>(buffer.start);
    auto *end = begin + buffer.bytes;
    unsigned char pattern[GUARD_BYTES];
    std::memset(pattern, expected, sizeof pattern);
    if (std::memcmp(begin - GUARD_BYTES, pattern, GUARD_BYTES) == 0 && std::memcmp(end, pattern, GUARD_BYTES) == 0) {
        return false;
    }
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        if (end[i] != expected) {
            damage = {false, i, end + i};
            return true;
        }
        if (begin[-1 - static_cast<ptrdiff_t>(i)] != expected) {
            damage = {true, i + 1, begin - 1 - i};
            return true;
        }
    }
    return false;
}

void Memory::fill_guards(const Buffer &buffer, unsigned char value) {
    std::memset(buffer.data() - GUARD_BYTES, value, GUARD_BYTES);
    std::memset(buffer.data() + buffer.bytes, value, GUARD_BYTES);
}

#endif

}  // namespace s2d_emulator
