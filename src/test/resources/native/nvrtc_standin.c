/* A libnvrtc of our own: what it "compiles" is a list of what it was given. A text with the word `wrong` does not compile. Functions
   that JCuda's library asks for and we never call are missing, as some are missing in newer versions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
    char *text;
    char *name;
    char *image;
};

static char *copy(const char *text) { return strcpy(malloc(strlen(text) + 1), text); }

const char *nvrtcGetErrorString(int status) { return status == 0 ? "fine" : "not fine"; }

int nvrtcVersion(int *major, int *minor) {
    *major = STANDIN_VERSION;
    *minor = 0;
    return 0;
}

int nvrtcGetNumSupportedArchs(int *count) {
    *count = 3;
    return 0;
}

int nvrtcGetSupportedArchs(int *all) {
    all[0] = 75;
    all[1] = 80;
    all[2] = 90;
    return 0;
}

int nvrtcCreateProgram(void **out, const char *text, const char *name, int headers, const char **contents, const char **names) {
    struct program *program = calloc(1, sizeof *program);
    program->text = copy(text);
    program->name = copy(name);
    *out = program;
    return headers;
}

int nvrtcDestroyProgram(void **given) {
    *given = NULL;
    return 0;
}

int nvrtcCompileProgram(struct program *program, int count, const char **options) {
    char image[1000] = "";
    for (int i = 0; i < count; i++) {
        strcat(image, options[i]);
        strcat(image, " ");
    }
    strcat(image, program->name);
    program->image = copy(image);
    return strstr(program->text, "wrong") ? 6 : 0;
}

int nvrtcGetCUBINSize(struct program *program, size_t *size) {
    *size = strlen(program->image);
    return 0;
}

int nvrtcGetCUBIN(struct program *program, char *to) {
    memcpy(to, program->image, strlen(program->image));
    return 0;
}

int nvrtcGetPTXSize(struct program *program, size_t *size) {
    *size = strlen(program->image) + 1;
    return 0;
}

int nvrtcGetPTX(struct program *program, char *to) {
    strcpy(to, program->image);
    return 0;
}

int nvrtcGetProgramLogSize(struct program *program, size_t *size) {
    *size = strlen(program->name) + 11;
    return 0;
}

int nvrtcGetProgramLog(struct program *program, char *to) {
    sprintf(to, "%s: is wrong", program->name);
    return 0;
}
