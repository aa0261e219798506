// The emulator as one unit.
#include "emulator/api.cpp"
#include "emulator/block.cpp"
#include "emulator/driver.cpp"
#include "emulator/fiber.cpp"
#include "emulator/launcher.cpp"
#include "emulator/memory.cpp"
