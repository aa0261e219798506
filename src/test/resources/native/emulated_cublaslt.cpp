// A libcublasLt of our own, as emulated_cublas.cpp: products with a bias and an addend. It refuses attributes that it does not know,
// sizes that do not fit each other, operands that leave their buffer, and addresses less aligned than was promised.
// STANDIN_LT_REFUSES makes it find no algorithm.
#include <cstdlib>
#include <map>

#include "emulated_matrices.h"

namespace {

constexpr int EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4;
constexpr int REDUCTION_IN_F32 = 2;
constexpr uint64_t ALGORITHM = 0x5344;

using Attributes = std::map<int, int64_t>;

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t distance;
    Attributes attributes{{5, 1}, {6, 0}};

    Matrix at(int64_t address) const { return {address, type, distance, attributes.at(6)}; }
    bool fits(int64_t address, int64_t batches) const {
        return attributes.at(5) == batches && at(address).fits(rows, columns, batches);
    }
};

struct Description {
    Attributes attributes{{3, 0}, {4, 0}, {7, EPILOGUE_DEFAULT}, {8, 0}};
};

struct Preference {
    Attributes attributes{{1, 0}, {3, 7}, {5, 256}, {6, 256}, {7, 256}, {8, 256}};
};

struct Result {
    uint64_t algorithm[8];  // what was promised: alignments of A, B, C, D, workspace
    size_t workspace;
    int status;
    float waves;
    int reserved[4];
};

int set(Attributes &attributes, int attribute, const void *value, size_t bytes, size_t expected) {
    if (attributes.count(attribute) == 0 || bytes != expected) {
        return INVALID_VALUE;
    }
    int64_t number = 0;
    std::memcpy(&number, value, bytes);
    attributes[attribute] = number;
    return SUCCESS;
}

// Rows and columns of what is multiplied.
uint64_t rows_of(const Layout *layout, bool turned) { return turned ? layout->columns : layout->rows; }
uint64_t columns_of(const Layout *layout, bool turned) { return turned ? layout->rows : layout->columns; }

bool agree(const Description *description, const Layout *a, const Layout *b, const Layout *c, const Layout *d) {
    bool turn_a = description->attributes.at(3) == 1, turn_b = description->attributes.at(4) == 1;
    int64_t batches = d->attributes.at(5);
    return rows_of(a, turn_a) == d->rows && columns_of(b, turn_b) == d->columns && columns_of(a, turn_a) == rows_of(b, turn_b) &&
           c->rows == d->rows && c->columns == d->columns && a->type == b->type && c->type == d->type &&
           (d->type == a->type || d->type == F32) && a->attributes.at(5) == batches && b->attributes.at(5) == batches &&
           c->attributes.at(5) == batches;
}

}  // namespace

extern "C" {

int cublasLtCreate(int64_t *handle) {
    *handle = STANDIN_MAJOR_VERSION;
    return SUCCESS;
}

int cublasLtDestroy(int64_t handle) { return handle == STANDIN_MAJOR_VERSION ? SUCCESS : NOT_INITIALIZED; }

int cublasLtMatmulDescCreate(Description **made, int compute_type, int scale_type) {
    *made = new Description;
    return compute_type == COMPUTE_F32 && scale_type == F32 ? SUCCESS : NOT_SUPPORTED;
}

int cublasLtMatmulDescSetAttribute(Description *description, int attribute, const void *value, size_t bytes) {
    return set(description->attributes, attribute, value, bytes, attribute == 8 ? 8 : 4);
}

int cublasLtMatmulDescDestroy(Description *description) {
    delete description;
    return SUCCESS;
}

int cublasLtMatrixLayoutCreate(Layout **made, int type, uint64_t rows, uint64_t columns, int64_t distance) {
    *made = new Layout{type, rows, columns, distance};
    return distance >= int64_t(rows) ? SUCCESS : INVALID_VALUE;
}

int cublasLtMatrixLayoutSetAttribute(Layout *layout, int attribute, const void *value, size_t bytes) {
    return set(layout->attributes, attribute, value, bytes, attribute == 6 ? 8 : 4);
}

int cublasLtMatrixLayoutDestroy(Layout *layout) {
    delete layout;
    return SUCCESS;
}

int cublasLtMatmulPreferenceCreate(Preference **made) {
    *made = new Preference;
    return SUCCESS;
}

int cublasLtMatmulPreferenceSetAttribute(Preference *preference, int attribute, const void *value, size_t bytes) {
    return set(preference->attributes, attribute, value, bytes, attribute == 1 ? 8 : 4);
}

int cublasLtMatmulPreferenceDestroy(Preference *preference) {
    delete preference;
    return SUCCESS;
}

int cublasLtMatmulAlgoGetHeuristic(int64_t handle, const Description *description, const Layout *a, const Layout *b, const Layout *c,
                                   const Layout *d, const Preference *preference, int wanted, Result *result, int *found) {
    *found = 0;
    const Attributes &promised = preference->attributes;
    if (handle != STANDIN_MAJOR_VERSION || wanted < 1 || promised.at(3) != REDUCTION_IN_F32 || !agree(description, a, b, c, d)) {
        return INVALID_VALUE;
    }
    if (std::getenv("STANDIN_LT_REFUSES") != nullptr) {
        return NOT_SUPPORTED;
    }
    *result = {{uint64_t(promised.at(5)), uint64_t(promised.at(6)), uint64_t(promised.at(7)), uint64_t(promised.at(8)),
                uint64_t(promised.at(1)), uint64_t(description->attributes.at(8) & -description->attributes.at(8)), ALGORITHM},
               0, SUCCESS, 1, {}};
    *found = 1;
    return SUCCESS;
}

int cublasLtMatmul(int64_t handle, const Description *description, const float *alpha, int64_t a, const Layout *layout_a, int64_t b,
                   const Layout *layout_b, const float *beta, int64_t c, const Layout *layout_c, int64_t d, const Layout *layout_d,
                   const uint64_t *algorithm, int64_t workspace, size_t workspace_bytes, int64_t stream) {
    int64_t start;
    size_t there;
    if (handle != STANDIN_MAJOR_VERSION || algorithm[6] != ALGORITHM || a % algorithm[0] != 0 || b % algorithm[1] != 0 ||
        c % algorithm[2] != 0 || d % algorithm[3] != 0 || workspace_bytes < algorithm[4] ||
        cuMemGetAddressRange_v2(&start, &there, workspace) != 0 || there < workspace_bytes) {
        return INVALID_VALUE;
    }
    bool turn_a = description->attributes.at(3) == 1, turn_b = description->attributes.at(4) == 1;
    int64_t m = layout_d->rows, n = layout_d->columns, k = columns_of(layout_a, turn_a), batches = layout_d->attributes.at(5);
    bool has_bias = description->attributes.at(7) == EPILOGUE_BIAS;
    Matrix bias{description->attributes.at(8), layout_d->type, m, 0};
    if (!agree(description, layout_a, layout_b, layout_c, layout_d) || !layout_a->fits(a, batches) || !layout_b->fits(b, batches) ||
        (*beta != 0 && !layout_c->fits(c, batches)) || !layout_d->fits(d, batches) ||
        (has_bias && (!bias.fits(m, 1, 1) || bias.address % int64_t(algorithm[5]) != 0))) {
        return INVALID_VALUE;
    }
    Matrix left = layout_a->at(a), right = layout_b->at(b), addend = layout_c->at(c), out = layout_d->at(d);
    float scale = *alpha, keep = *beta;
    return enqueue(stream, [=] {
        // What is not kept is not read: it may be NaN.
        multiply(left, turn_a, right, turn_b, out, m, n, k, batches, [=](float sum, int64_t batch, int64_t row, int64_t column) {
            float added = has_bias ? bias.load(0, row, 0) : 0;
            return scale * sum + added + (keep == 0 ? 0 : keep * addend.load(batch, row, column));
        });
    });
}

}  // extern "C"
