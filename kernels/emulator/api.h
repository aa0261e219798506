// The C functions that the Java side calls. All but the first two return 0, or 1 for an error, or 2 when memory is out; the last
// parameter takes the result. Handles are numbers, addresses are integers.
#pragma once

#include <cstdint>

#define S2D_EMULATOR_API extern "C" __attribute__((visibility("default")))

namespace s2d_emulator {
struct Emulator;
}

using s2d_emulator::Emulator;

// Options as in driver.h.
S2D_EMULATOR_API Emulator *s2d_emulator_create(int options);
// The text of the last error, valid until the next.
S2D_EMULATOR_API const char *s2d_emulator_error(const Emulator *emulator);
