/* A driver with STANDIN_GPUS GPUs, or one that fails to start when that is negative. */
#include <stddef.h>
#include <string.h>

int cuDriverGetVersion(int *version) {
    *version = 12040;
    return 0;
}

int cuInit(unsigned flags) {
    return STANDIN_GPUS < 0 || flags != 0 ? 100 : 0;
}

int cuGetErrorString(int error, const char **text) {
    if (error != 100) {
        return 1;
    }
    *text = "no CUDA-capable device is detected";
    return 0;
}

int cuDeviceGetCount(int *count) {
    *count = STANDIN_GPUS;
    return 0;
}

int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return ordinal < STANDIN_GPUS ? 0 : 101;
}

int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, device == 0 ? "Stand-in A" : "Stand-in B", length);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = ((size_t)8 << 30) + device;
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 132 - device;
    return 0;
}
