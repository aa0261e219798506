package org.s2d.device.cuda;

/** What a {@link CudaDevice} stands on: the emulator, or a GPU with what of NVIDIA's libraries a machine has. */
interface Backend {
    /** To be asked for once: the device closes it. */
    Driver driver();

    KernelImages images();

    DevicePool.Reuse reuse();

    /** Our own kernels, unless there is something faster. */
    default MatrixProducts products(CudaContext context) {
        return new KernelProducts(context);
    }

    /** A library for dense convolutions, if there is one. */
    default DenseConv2d convolutions(CudaContext context) {
        return DenseConv2d.NONE;
    }

    /** The emulator: allocations of exactly their size, so that it can guard them. */
    static Backend of(EmulatorBuild build, EmulatorDriver.Execution execution, EmulatorDriver.SecondRuns secondRuns) {
        return new Backend() {
            @Override
            public Driver driver() {
                return new EmulatorDriver(build.core(), execution, secondRuns);
            }

            @Override
            public KernelImages images() {
                return build;
            }

            @Override
            public DevicePool.Reuse reuse() {
                return DevicePool.Reuse.NEVER;
            }
        };
    }
}
