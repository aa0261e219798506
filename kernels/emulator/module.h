// Makes a kernel library of a .cu file: the build appends a table of its entry points.
#pragma once

#include <iterator>
#include <utility>

#include "emulator/cuda.h"

namespace s2d_emulator {

template <class T>
constexpr Parameter parameter() {
    return {static_cast<int>(sizeof(T)), std::is_pointer_v<T>, std::is_const_v<std::remove_pointer_t<T>>};
}

template <auto KERNEL>
struct Registration;

template <class... A, void (*KERNEL)(A...)>
struct Registration<KERNEL> {
    // One more than needed: an array has at least one element.
    static constexpr Parameter PARAMETERS[sizeof...(A) + 1] = {parameter<A>()..., {}};

    static void call(void *const *arguments) { call(arguments, std::index_sequence_for<A...>()); }

    template <size_t... I>
    static void call(void *const *arguments, std::index_sequence<I...>) {
        KERNEL(*static_cast<const A *>(arguments[I])...);
    }

    static constexpr Entry entry(const char *name) { return {name, call, PARAMETERS, static_cast<int>(sizeof...(A))}; }
};

}  // namespace s2d_emulator

#define S2D_ENTRY(NAME) s2d_emulator::Registration<&NAME>::entry(#NAME)

#define S2D_MODULE(...)                                                                                       \
    extern "C" __attribute__((visibility("default"))) const s2d_emulator::Module *s2d_emulator_module() {     \
        static const s2d_emulator::Entry entries[] = {__VA_ARGS__};                                           \
        static const s2d_emulator::Module module = {entries, static_cast<int>(std::size(entries)), &s2d_emulator::runtime}; \
        return &module;                                                                                       \
    }

#ifndef __SANITIZE_ADDRESS__
// Without the sanitizers' own library, the compiler's alignment checks come here.
namespace s2d_emulator {

struct UbsanTypeMismatch {
    const char *file;
    unsigned line, column;
    const void *type;
    unsigned char alignment_bits, kind;
};

}  // namespace s2d_emulator

extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_type_mismatch_v1(
    const s2d_emulator::UbsanTypeMismatch *mismatch, const void *) {
    const char *slash = std::strrchr(mismatch->file, '/');
    char text[300];
    std::snprintf(text, sizeof text, "access at an address that is not a multiple of %d at %s:%u",
                  1 << mismatch->alignment_bits, slash == nullptr ? mismatch->file : slash + 1, mismatch->line);
    s2d_emulator::runtime->fail(text, s2d_emulator::Where());
}
#endif
