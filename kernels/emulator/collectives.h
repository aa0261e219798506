// Operations of a block (barriers) and of a warp: shuffles, votes, reductions, matrix loads and tensor-core products.
#pragma once

inline void __syncthreads(s2d_emulator::Where where = s2d_emulator::Where::current()) {
    s2d_emulator::runtime->barrier("__syncthreads", 0, where);
}
inline int __syncthreads_count(int value, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    return s2d_emulator::runtime->barrier("__syncthreads_count", value, where);
}
inline int __syncthreads_or(int value, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    return s2d_emulator::runtime->barrier("__syncthreads_or", value, where) != 0;
}
inline int __syncthreads_and(int value, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    return s2d_emulator::runtime->barrier("__syncthreads_and", !value, where) == 0;
}

namespace s2d_emulator {

// A lane that brings a value and gets one.
template <class In, class Out>
struct Exchange : Collective {
    In in;
    Out out;
};

// Combines what all lanes of the mask bring; every lane gets the same.
template <class In, class Out, class Combine>
Out combine_lanes(const char *name, unsigned mask, In value, Where where) {
    using Lane = Exchange<In, Out>;
    auto resolve = [](Runtime &, Collective *const(&lanes)[32], unsigned) {
        Out result{};
        bool first = true;
        for (int i = 0; i < 32; i++) {
            if (lanes[i] != nullptr) {
                result = Combine::apply(first, result, static_cast<Lane *>(lanes[i])->in, i);
                first = false;
            }
        }
        for (Collective *lane : lanes) {
            if (lane != nullptr) {
                static_cast<Lane *>(lane)->out = result;
            }
        }
    };
    Lane lane{{name, mask, where, resolve}, value, Out{}};
    runtime->collective(lane);
    return lane.out;
}

// Where a shuffle reads: the lane number as a function of (own lane, argument, width).
using Source = int (*)(int lane, int argument, int width);

template <class T>
struct Shuffle : Collective {
    T value;
    T result;
    int argument;
    int width;
    Source source;
};

template <class T>
T shuffle(const char *name, unsigned mask, T value, int argument, int width, Source source, Where where) {
    auto resolve = [](Runtime &runtime, Collective *const(&lanes)[32], unsigned mask) {
        for (int i = 0; i < 32; i++) {
            auto *lane = static_cast<Shuffle<T> *>(lanes[i]);
            if (lane == nullptr) {
                continue;
            }
            int from = lane->source(i, lane->argument, lane->width);
            if (lanes[from] == nullptr) {
                char text[120];
                std::snprintf(text, sizeof text, "%s: lane %d reads lane %d, which is not in the mask 0x%08x", lane->name, i,
                              from, mask);
                runtime.fail(text, lane->where);
            }
            lane->result = static_cast<Shuffle<T> *>(lanes[from])->value;
        }
    };
    Shuffle<T> lane{{name, mask, where, resolve}, value, T{}, argument, width, source};
    runtime->collective(lane);
    return lane.result;
}

}  // namespace s2d_emulator

inline void __syncwarp(unsigned mask = 0xffffffffu, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    s2d_emulator::Collective lane{"__syncwarp", mask, where,
                                  [](s2d_emulator::Runtime &, s2d_emulator::Collective *const(&)[32], unsigned) {}};
    s2d_emulator::runtime->collective(lane);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    auto source = [](int lane, int argument, int width) { return (lane & ~(width - 1)) + (argument & (width - 1)); };
    return s2d_emulator::shuffle("__shfl_sync", mask, value, from, width, source, where);
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, int delta, int width = 32, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    auto source = [](int lane, int argument, int width) {
        return lane - argument < (lane & ~(width - 1)) ? lane : lane - argument;
    };
    return s2d_emulator::shuffle("__shfl_up_sync", mask, value, delta, width, source, where);
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, int delta, int width = 32, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    auto source = [](int lane, int argument, int width) {
        return lane + argument > (lane | (width - 1)) ? lane : lane + argument;
    };
    return s2d_emulator::shuffle("__shfl_down_sync", mask, value, delta, width, source, where);
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    auto source = [](int lane, int argument, int width) {
        return (lane ^ argument) > (lane | (width - 1)) ? lane : lane ^ argument;
    };
    return s2d_emulator::shuffle("__shfl_xor_sync", mask, value, bits, width, source, where);
}

inline unsigned __ballot_sync(unsigned mask, int vote, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    struct Vote {
        static unsigned apply(bool, unsigned sum, int vote, int lane) { return sum | (vote != 0 ? 1u << lane : 0u); }
    };
    return s2d_emulator::combine_lanes<int, unsigned, Vote>("__ballot_sync", mask, vote, where);
}

inline int __any_sync(unsigned mask, int vote, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    struct Any {
        static int apply(bool, int sum, int vote, int) { return sum || vote != 0; }
    };
    return s2d_emulator::combine_lanes<int, int, Any>("__any_sync", mask, vote, where);
}

inline int __all_sync(unsigned mask, int vote, s2d_emulator::Where where = s2d_emulator::Where::current()) {
    struct All {
        static int apply(bool first, int sum, int vote, int) { return (first || sum) && vote != 0; }
    };
    return s2d_emulator::combine_lanes<int, int, All>("__all_sync", mask, vote, where);
}

#define S2D_REDUCE(NAME, T, EXPRESSION)                                                                           \
    inline T NAME(unsigned mask, T value, s2d_emulator::Where where = s2d_emulator::Where::current()) {           \
        struct Reduce {                                                                                           \
            static T apply(bool first, T a, T b, int) { return first ? b : EXPRESSION; }                          \
        };                                                                                                        \
        return s2d_emulator::combine_lanes<T, T, Reduce>(#NAME, mask, value, where);                              \
    }

S2D_REDUCE(__reduce_add_sync, unsigned, a + b)
S2D_REDUCE(__reduce_add_sync, int, a + b)
S2D_REDUCE(__reduce_min_sync, unsigned, std::min(a, b))
S2D_REDUCE(__reduce_min_sync, int, std::min(a, b))
S2D_REDUCE(__reduce_max_sync, unsigned, std::max(a, b))
S2D_REDUCE(__reduce_max_sync, int, std::max(a, b))
S2D_REDUCE(__reduce_and_sync, unsigned, a &b)
S2D_REDUCE(__reduce_or_sync, unsigned, a | b)
S2D_REDUCE(__reduce_xor_sync, unsigned, a ^ b)
#undef S2D_REDUCE

namespace s2d_emulator {

// Tensor-core product, in the lane layout that common/mma.cuh describes.
struct Product : Collective {
    bool brain;  // bf16, else f16
    const unsigned *a;
    const unsigned *b;
    const float *c;
    float *d;

    static float element(bool brain, unsigned word, int half) {
        auto bits = static_cast<uint16_t>(word >> (16 * half));
        return brain ? float_of_bf16(bits) : float_of_f16(bits);
    }

    static void resolve_all(Runtime &, Collective *const (&lanes)[32], unsigned) {
        float a[16][16], b[16][8];
        for (int i = 0; i < 32; i++) {
            const auto &lane = *static_cast<Product *>(lanes[i]);
            int group = i / 4, pair = i % 4;
            for (int word = 0; word < 4; word++) {
                for (int half = 0; half < 2; half++) {
                    a[group + 8 * (word % 2)][2 * pair + half + 8 * (word / 2)] = element(lane.brain, lane.a[word], half);
                }
            }
            for (int word = 0; word < 2; word++) {
                for (int half = 0; half < 2; half++) {
                    b[2 * pair + half + 8 * word][group] = element(lane.brain, lane.b[word], half);
                }
            }
        }
        for (int i = 0; i < 32; i++) {
            auto &lane = *static_cast<Product *>(lanes[i]);
            float result[4];
            for (int j = 0; j < 4; j++) {
                int row = i / 4 + 8 * (j / 2), column = 2 * (i % 4) + j % 2;
                result[j] = lane.c[j];
                for (int k = 0; k < 16; k++) {
                    result[j] += a[row][k] * b[k][column];
                }
            }
            std::copy(result, result + 4, lane.d);  // d may be c
        }
    }
};

inline void mma_16x8x16(bool brain, float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], const float (&c)[4],
                        Where where = Where::current()) {
    Product lane{{"mma.sync", 0xffffffffu, where, Product::resolve_all}, brain, a, b, c, d};
    runtime->collective(lane);
}

// ldmatrix: 8x8 matrices of 16-bit elements.
struct MatrixLoad : Collective {
    int matrices;
    bool transposed;
    const void *row;
    unsigned *words;

    static void resolve_all(Runtime &runtime, Collective *const (&lanes)[32], unsigned) {
        uint16_t values[4][8][8];
        int matrices = static_cast<MatrixLoad *>(lanes[0])->matrices;
        for (int i = 0; i < 8 * matrices; i++) {
            const auto &lane = *static_cast<MatrixLoad *>(lanes[i]);
            if (reinterpret_cast<uintptr_t>(lane.row) % 16 != 0 || !runtime.is_shared(lane.row, 16)) {
                char text[100];
                std::snprintf(text, sizeof text, "ldmatrix: the row of lane %d is not 16 aligned bytes of shared memory", i);
                runtime.fail(text, lane.where);
            }
            std::memcpy(values[i / 8][i % 8], lane.row, 16);
        }
        for (int i = 0; i < 32; i++) {
            auto &lane = *static_cast<MatrixLoad *>(lanes[i]);
            for (int m = 0; m < matrices; m++) {
                int row = i / 4, column = 2 * (i % 4);
                unsigned low = lane.transposed ? values[m][column][row] : values[m][row][column];
                unsigned high = lane.transposed ? values[m][column + 1][row] : values[m][row][column + 1];
                lane.words[m] = low | high << 16;
            }
        }
    }
};

inline void ldmatrix(int matrices, bool transposed, unsigned *words, const void *row, Where where = Where::current()) {
    MatrixLoad lane{{"ldmatrix", 0xffffffffu, where, MatrixLoad::resolve_all}, matrices, transposed, row, words};
    runtime->collective(lane);
}

}  // namespace s2d_emulator
