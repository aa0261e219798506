package org.s2d.device.cuda;

import java.util.HashMap;
import java.util.Map;

/** Loads modules and entry points at first use. */
final class Kernels implements AutoCloseable {
    /** More dynamic shared memory than this needs the function's leave. */
    private static final int SHARED_WITHOUT_LEAVE = 48 * 1024;

    private final Driver driver;
    private final KernelImages images;
    private final Map<String, Long> modules = new HashMap<>();

    Kernels(Driver driver, KernelImages images) {
        this.driver = driver;
        this.images = images;
    }

    Kernel find(String file, String name, LaunchContract contract) {
        long module = modules.computeIfAbsent(file, key -> driver.loadModule(images.image(key)));
        long function = driver.function(module, name);
        int shared = Math.min(contract.maxSharedBytes(), driver.properties().sharedPerBlock());
        if (shared > SHARED_WITHOUT_LEAVE) {
            driver.allowSharedBytes(function, shared);
        }
        return new Kernel(name, function, contract);
    }

    @Override
    public void close() {
        modules.values().forEach(driver::unloadModule);
        modules.clear();
    }
}
