package org.s2d.device.cuda.lib;

import java.util.Locale;

/** A library of NVIDIA's that the CUDA backend uses. */
public enum CudaLibrary {
    DRIVER("NVIDIA driver", "libcuda.so", "", true),
    CUBLAS("cuBLAS", "libcublas.so", "nvidia_cublas", false),
    CUBLAS_LT("cuBLASLt", "libcublasLt.so", "nvidia_cublas", false),
    CUDNN("cuDNN", "libcudnn.so", "nvidia_cudnn", false),
    NVRTC("NVRTC", "libnvrtc.so", "nvidia_cuda_nvrtc", false);

    /** CUDA versions whose libraries are looked for, the newest first. */
    static final int[] CUDA_MAJORS = {13, 12};

    private final String title;
    private final String base;
    private final String wheel;
    private final boolean required;

    CudaLibrary(String title, String base, String wheel, boolean required) {
        this.title = title;
        this.base = base;
        this.wheel = wheel;
        this.required = required;
    }

    /** Its name as people say it. */
    public String title() {
        return title;
    }

    /** False for what only some work needs, or what our own kernels do more slowly. */
    public boolean required() {
        return required;
    }

    /** Start of the name of the Python wheel's {@code .dist-info} folder. */
    String wheel() {
        return wheel;
    }

    /** The name that programs ask for, of one CUDA version. */
    public String soname(int cudaMajor) {
        return switch (this) {
            case DRIVER -> base + ".1";
            case CUDNN -> base + ".9";
            case CUBLAS, CUBLAS_LT, NVRTC -> base + "." + cudaMajor;
        };
    }

    /** What it is for, as the end of "needed for". */
    public String purpose() {
        return switch (this) {
            case DRIVER -> "everything on the GPU";
            case CUBLAS, CUBLAS_LT -> "fast matrix products (our own kernels take over, slowly)";
            case CUDNN -> "dense convolutions (landmark networks)";
            case NVRTC -> "compiling kernels when they were not packed";
        };
    }

    /** How to get it. */
    public String remedy(int cudaMajor) {
        return switch (this) {
            case DRIVER ->
                "Install NVIDIA's driver (Debian, Ubuntu: apt-get install nvidia-driver; in a container: run it with"
                        + " --gpus all), then nvidia-smi must list a GPU";
            case CUBLAS, CUBLAS_LT ->
                "pip install " + (cudaMajor >= 13 ? "nvidia-cublas" : "nvidia-cublas-cu" + cudaMajor)
                        + fromNvidia(cudaMajor);
            case CUDNN ->
                "pip install nvidia-cudnn-cu" + cudaMajor + ", or apt-get install cudnn9-cuda-" + cudaMajor
                        + " from NVIDIA's repository";
            case NVRTC ->
                "pip install " + (cudaMajor >= 13 ? "nvidia-cuda-nvrtc" : "nvidia-cuda-nvrtc-cu" + cudaMajor)
                        + fromNvidia(cudaMajor);
        };
    }

    private static String fromNvidia(int cudaMajor) {
        return String.format(
                Locale.ROOT, ", or install the CUDA %d toolkit (NVIDIA's repository: cuda-toolkit-%1$d)", cudaMajor);
    }
}
