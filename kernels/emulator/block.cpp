#include "emulator/block.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>

#include "emulator/memory.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace s2d_emulator {

namespace {

constexpr int WARP = 32;
constexpr size_t RED_ZONE = 256;
constexpr unsigned char RED = 0xC5;

size_t volume(Index size) { return static_cast<size_t>(size.x) * size.y * size.z; }

// Texts are mostly the same literal.
bool same(const char *a, const char *b) { return a == b || std::strcmp(a, b) == 0; }

Index position(size_t linear, Index size) {
    return {static_cast<unsigned>(linear % size.x), static_cast<unsigned>(linear / size.x % size.y),
            static_cast<unsigned>(linear / size.x / size.y)};
}

std::string text_of(Index index) {
    return "(" + std::to_string(index.x) + "," + std::to_string(index.y) + "," + std::to_string(index.z) + ")";
}

std::string text_of(Where where) {
    const char *slash = std::strrchr(where.file_name(), '/');
    return std::string(slash == nullptr ? where.file_name() : slash + 1) + ":" + std::to_string(where.line());
}

}  // namespace

BlockRunner::BlockRunner(Workshop &workshop, const Geometry &geometry, const Variant &variant)
    : workshop(workshop), geometry(geometry), variant(variant), threads(volume(geometry.block)),
      warps((threads.size() + WARP - 1) / WARP), order(threads.size()) {
    block_size = geometry.block;
    grid_size = geometry.grid;
    for (size_t i = 0; i < threads.size(); i++) {
        indices.push_back(position(i, block_size));
    }
    std::iota(order.begin(), order.end(), 0);
    if (variant.reverse_threads) {
        std::reverse(order.begin(), order.end());
    }
    size_t bytes = geometry.shared_bytes + 2 * RED_ZONE + 16;
    if (workshop.shared.size() < bytes) {
        workshop.shared.resize(bytes);
    }
}

BlockRunner::~BlockRunner() { ASAN_UNPOISON_MEMORY_REGION(workshop.shared.data(), workshop.shared.size()); }

void BlockRunner::watch(const unsigned char *place, unsigned char expected, std::string what) {
    watched = place;
    watched_value = expected;
    watched_what = std::move(what);
}

void BlockRunner::run(void *const *with) {
    std::vector<uint32_t> blocks(volume(geometry.grid));
    std::iota(blocks.begin(), blocks.end(), 0);
    std::shuffle(blocks.begin(), blocks.end(), std::mt19937_64(geometry.seed));
    if (variant.reverse_blocks) {
        std::reverse(blocks.begin(), blocks.end());
    }
    for (uint32_t number : blocks) {
        run_block(position(number, geometry.grid), with);
    }
}

// One block

void BlockRunner::run_block(Index which, void *const *with) {
    block = which;
    arguments = with;
    reset();
    prepare_shared();
    while (done < static_cast<int>(threads.size())) {
        bool ran = false;
        for (size_t i = 0; i < warps.size(); i++) {
            ran |= run_warp(static_cast<int>(variant.reverse_threads ? warps.size() - 1 - i : i));
        }
        if (!ran) {
            report_stuck();
        }
    }
    check_shared();
}

void BlockRunner::reset() {
    for (Thread &thread : threads) {
        thread.state = State::UNSTARTED;
        thread.fiber = nullptr;
        thread.copies.clear();
        thread.groups = 0;
    }
    for (size_t i = 0; i < warps.size(); i++) {
        warps[i].gatherings.clear();
        size_t lanes = std::min<size_t>(WARP, threads.size() - i * WARP);
        warps[i].runnable = ~0u >> (WARP - lanes);
    }
    begun = 0;
    done = 0;
    at_barrier = 0;
    barrier_sum = 0;
}

// A fiber that waits in run_threads, or one that is about to begin there.
Fiber *BlockRunner::take_fiber() {
    if (!idle.empty()) {
        Fiber *fiber = idle.back();
        idle.pop_back();
        return fiber;
    }
    if (started == workshop.fibers.size()) {
        workshop.fibers.push_back(std::make_unique<Fiber>());
    }
    Fiber *fiber = workshop.fibers[started++].get();
    fiber->start([](void *self) { static_cast<BlockRunner *>(self)->run_threads(); }, this);
    return fiber;
}

// Runs the threads of a warp until each waits for others or is done.
bool BlockRunner::run_warp(int warp) {
    bool ran = false;
    while (warps[warp].runnable != 0) {
        unsigned lanes = warps[warp].runnable;
        resume(warp * WARP + (variant.reverse_threads ? WARP - 1 - std::countl_zero(lanes) : std::countr_zero(lanes)));
        ran = true;
    }
    return ran;
}

// Goes on with a thread, and with the others of its warp after it.
void BlockRunner::resume(int number) {
    Context::switch_to(scheduler, prepare(number));
    if (!failure.empty()) {
        throw Error{failure};
    }
    check_watch();
}

// Makes a thread the current one. An unstarted one begins, and if it ends without waiting, its fiber begins others.
Fiber &BlockRunner::prepare(int number) {
    Thread &next = threads[number];
    current = number;
    if (next.state == State::UNSTARTED) {
        next.fiber = take_fiber();
    } else {
        thread = indices[number];
    }
    return *next.fiber;
}

// The body of a fiber.
void BlockRunner::run_threads() {
    while (true) {
        for (int number = current; number >= 0; number = next_unstarted()) {
            Fiber *own = threads[current].fiber;
            begin_thread(number);
            threads[number].fiber = own;
            geometry.entry->call(arguments);
            stop_running(State::DONE);
            done++;
            if (watched != nullptr && *watched != watched_value) {
                break;
            }
        }
        idle.push_back(threads[current].fiber);
        leave();
    }
}

int BlockRunner::next_unstarted() {
    while (begun < order.size() && threads[order[begun]].state != State::UNSTARTED) {
        begun++;
    }
    return begun < order.size() ? order[begun] : -1;
}

void BlockRunner::begin_thread(int number) {
    current = number;
    thread = indices[number];
    // Its state is that of a thread that runs: nobody else begins or resumes it.
    threads[number].state = State::READY;
}

void BlockRunner::stop_running(State state) {
    threads[current].state = state;
    warps[current / WARP].runnable &= ~(1u << current % WARP);
}

// Lets the next lane of the warp go on: by itself, unless somebody has to look at what this one did.
void BlockRunner::leave() {
    Fiber &own = *threads[current].fiber;
    int next = failure.empty() && watched == nullptr ? next_lane() : -1;
    if (next < 0) {
        Context::switch_to(own, scheduler);
    } else {
        Context::switch_to(own, prepare(next));
    }
}

// The thread of the current warp whose turn it is, in a circle; -1 when all wait.
int BlockRunner::next_lane() const {
    unsigned lanes = warps[current / WARP].runnable;
    if (lanes == 0) {
        return -1;
    }
    int own = current % WARP;
    int distance = variant.reverse_threads ? std::countl_zero(std::rotr(lanes, own)) : std::countr_zero(std::rotr(lanes, own));
    int lane = variant.reverse_threads ? own - 1 - distance : own + distance;
    return current - own + (lane + WARP) % WARP;
}

// Waiting

int BlockRunner::barrier(const char *name, int value, Where where) {
    if (at_barrier > 0 && (where.line() != barrier_where.line() || !same(where.file_name(), barrier_where.file_name()))) {
        std::string text = "threads of the block wait at different barriers: this one at " + text_of(where) + ", others at " +
                           text_of(barrier_where);
        fail(text.c_str(), Where());
    }
    barrier_name = name;
    barrier_where = where;
    barrier_sum += value != 0;
    stop_running(State::AT_BARRIER);
    if (++at_barrier == static_cast<int>(threads.size())) {
        release_barrier();
    } else {
        leave();
    }
    return barrier_result;
}

void BlockRunner::release_barrier() {
    at_barrier = 0;
    barrier_result = barrier_sum;
    barrier_sum = 0;
    for (size_t i = 0; i < threads.size(); i++) {
        threads[i].state = State::READY;
        warps[i / WARP].runnable |= 1u << i % WARP;
    }
}

void BlockRunner::collective(Collective &lane) {
    Warp &warp = warps[current / WARP];
    int number = current % WARP;
    unsigned bit = 1u << number;
    if ((lane.mask & bit) == 0) {
        char text[120];
        std::snprintf(text, sizeof text, "%s: lane %d is not in the mask 0x%08x it passes", lane.name, number, lane.mask);
        fail(text, lane.where);
    }
    Gathering *gathering = nullptr;
    for (Gathering &candidate : warp.gatherings) {
        if (candidate.mask == lane.mask) {
            gathering = &candidate;
        }
    }
    if (gathering == nullptr) {
        warp.gatherings.push_back({lane.mask, 0, &lane, {}});
        gathering = &warp.gatherings.back();
    }
    if (!same(gathering->first->name, lane.name)) {
        const Collective &other = *gathering->first;
        std::string text = std::string(lane.name) + ": other lanes of the mask are in " + other.name + " at " + text_of(other.where);
        fail(text.c_str(), lane.where);
    }
    gathering->arrived |= bit;
    gathering->lanes[number] = &lane;
    threads[current].waiting = &lane;
    stop_running(State::IN_WARP);
    if (gathering->arrived != lane.mask) {
        leave();
        return;
    }
    lane.resolve(*this, gathering->lanes, lane.mask);
    std::swap(*gathering, warp.gatherings.back());
    warp.gatherings.pop_back();
    for (unsigned lanes = lane.mask; lanes != 0; lanes &= lanes - 1) {
        threads[current - number + std::countr_zero(lanes)].state = State::READY;
    }
    warp.runnable |= lane.mask;
}

void BlockRunner::async_copy(void *to, const void *from, int size, int bytes) {
    bool aligned = reinterpret_cast<uintptr_t>(to) % size == 0 && (bytes == 0 || reinterpret_cast<uintptr_t>(from) % size == 0);
    if (!aligned || bytes < 0 || bytes > size || !is_shared(to, size)) {
        fail("cp.async: addresses are not aligned to the size, or the target is not in shared memory", Where());
    }
    std::memset(to, variant.shared_poison, size);
    Thread &self = threads[current];
    self.copies.push_back({to, from, size, bytes, self.groups});
}

void BlockRunner::async_commit() { threads[current].groups++; }

void BlockRunner::async_wait(int pending) {
    Thread &self = threads[current];
    size_t kept = 0;
    for (const Copy &copy : self.copies) {
        if (copy.group < self.groups - pending) {
            std::memset(copy.to, 0, copy.size);
            std::memcpy(copy.to, copy.from, copy.bytes);
        } else {
            self.copies[kept++] = copy;
        }
    }
    self.copies.resize(kept);
}

// Shared memory between red zones

void *BlockRunner::shared_memory() {
    auto start = reinterpret_cast<uintptr_t>(workshop.shared.data()) + RED_ZONE;
    return reinterpret_cast<void *>((start + 15) / 16 * 16);
}

bool BlockRunner::is_shared(const void *address, int bytes) {
    auto *start = static_cast<const char *>(shared_memory());
    auto *place = static_cast<const char *>(address);
    return place >= start && place + bytes <= start + geometry.shared_bytes;
}

void BlockRunner::prepare_shared() {
    ASAN_UNPOISON_MEMORY_REGION(workshop.shared.data(), workshop.shared.size());
    auto *start = static_cast<char *>(shared_memory());
    char *end = start + geometry.shared_bytes;
    std::memset(workshop.shared.data(), RED, start - workshop.shared.data());
    std::memset(start, variant.shared_poison, geometry.shared_bytes);
    std::memset(end, RED, RED_ZONE);
    ASAN_POISON_MEMORY_REGION(workshop.shared.data(), start - workshop.shared.data());
    ASAN_POISON_MEMORY_REGION(end, RED_ZONE);
}

void BlockRunner::check_shared() {
#ifndef __SANITIZE_ADDRESS__
    auto *start = static_cast<unsigned char *>(shared_memory());
    unsigned char *end = start + geometry.shared_bytes;
    for (size_t i = 0; i < RED_ZONE; i++) {
        if (start[-1 - static_cast<ptrdiff_t>(i)] != RED || end[i] != RED) {
            report("", end[i] != RED ? "wrote behind its " + std::to_string(geometry.shared_bytes) + " bytes of shared memory"
                                     : "wrote before its shared memory");
        }
    }
#endif
}

// Errors

void BlockRunner::check_watch() {
    if (watched != nullptr && *watched != watched_value) {
        report(", thread " + text_of(indices[current]), watched_what);
    }
}

void BlockRunner::fail(const char *what, Where where) {
    std::string place = where.line() == 0 ? "" : " at " + text_of(where);
    failure = std::string(geometry.entry->name) + ": block " + text_of(block) + ", thread " + text_of(indices[current]) + ": " +
              what + place;
    leave();
    __builtin_unreachable();  // a launch that failed is never resumed
}

void BlockRunner::report(const std::string &who, const std::string &what) {
    throw Error{std::string(geometry.entry->name) + ": block " + text_of(block) + who + ": " + what};
}

// Nobody can go on: names one that waits and one that it waits for.
void BlockRunner::report_stuck() {
    for (size_t i = 0; i < threads.size(); i++) {
        if (threads[i].state != State::IN_WARP) {
            continue;
        }
        const Collective &lane = *threads[i].waiting;
        size_t first = i - i % WARP;
        for (int other = 0; other < WARP; other++) {
            bool named = (lane.mask >> other & 1) != 0;
            bool exists = first + other < threads.size();
            bool waits = exists && threads[first + other].state == State::IN_WARP &&
                         threads[first + other].waiting->mask == lane.mask;
            if (named && !waits) {
                report(", thread " + text_of(indices[i]),
                       std::string(lane.name) + " at " + text_of(lane.where) + " waits for lane " + std::to_string(other) +
                           " of its mask, which " + (exists ? why_missing(static_cast<int>(first) + other) : "does not exist"));
            }
        }
    }
    for (size_t i = 0; i < threads.size(); i++) {
        if (threads[i].state != State::AT_BARRIER) {
            report("", std::string(barrier_name) + " at " + text_of(barrier_where) + " was reached by " +
                           std::to_string(at_barrier) + " of " + std::to_string(threads.size()) + " threads; thread " +
                           text_of(indices[i]) + " " + why_missing(static_cast<int>(i)));
        }
    }
    report("", "stuck");
}

std::string BlockRunner::why_missing(int number) const {
    const Thread &missing = threads[number];
    switch (missing.state) {
        case State::DONE:
            return "has ended";
        case State::AT_BARRIER:
            return "waits in " + std::string(barrier_name) + " at " + text_of(barrier_where);
        case State::IN_WARP: {
            char mask[16];
            std::snprintf(mask, sizeof mask, "0x%08x", missing.waiting->mask);
            return "waits in " + std::string(missing.waiting->name) + " at " + text_of(missing.waiting->where) +
                   " with mask " + mask;
        }
        default:
            return "did not arrive";
    }
}

}  // namespace s2d_emulator
