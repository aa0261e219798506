/* A libcublas of our own: enough of cuBLAS to see whose functions JCublas reaches. */
#include <stddef.h>

static int handle;

int cublasCreate_v2(void **out) {
    *out = &handle;
    return 0;
}

int cublasDestroy_v2(void *given) {
    return given == &handle ? 0 : 1;
}

int cublasGetVersion_v2(void *given, int *version) {
    *version = STANDIN_VERSION;
    return given == &handle ? 0 : 1;
}
