package org.s2d.device.cuda;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;

/** The emulator as tests use it: built below {@code target}, with sanitizers when {@code s2d.emulator.sanitize} is true. */
public final class Emulators {
    private static final List<EmulatorDriver> DRIVERS = new ArrayList<>();

    private Emulators() {}

    /** Skips the test, saying so, where there is no compiler to build the emulator with. */
    public static void assumeCompiler() {
        try {
            Process process = new ProcessBuilder(EmulatorBuild.compiler(), "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Assumptions.assumeTrue(process.waitFor() == 0, EmulatorBuild.compiler() + " does not work");
        } catch (IOException e) {
            Assumptions.abort("the emulator needs " + EmulatorBuild.compiler() + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Of the kernels in this checkout. */
    public static EmulatorBuild build() {
        return build(KernelSources.ofCheckout());
    }

    static EmulatorBuild build(KernelSources sources) {
        return new EmulatorBuild(sources, Path.of("target", "emulator"), EmulatorBuild.Checks.ofProcess());
    }

    public static CudaDevice device(EmulatorDriver.Execution execution) {
        CudaDevice device = CudaDevice.emulator(build(), execution, EmulatorDriver.SecondRuns.ALL);
        DRIVERS.add((EmulatorDriver) device.context().driver());
        return device;
    }

    /**
     * One that keeps blocks as a GPU's pool does, so that work can be recorded, and runs it when the host waits.
     *
     * @param calls gets the number of calls of every method of its driver
     */
    public static CudaDevice caching(Map<String, Integer> calls) {
        EmulatorBuild build = build();
        EmulatorDriver driver =
                new EmulatorDriver(build.core(), EmulatorDriver.Execution.DEFERRED, EmulatorDriver.SecondRuns.SAMPLED);
        DRIVERS.add(driver);
        InvocationHandler counting = (proxy, method, arguments) -> {
            calls.merge(method.getName(), 1, Integer::sum);
            try {
                return method.invoke(driver, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        Driver counted =
                (Driver) Proxy.newProxyInstance(Driver.class.getClassLoader(), new Class<?>[] {Driver.class}, counting);
        return new CudaDevice(new Backend() {
            @Override
            public Driver driver() {
                return counted;
            }

            @Override
            public KernelImages images() {
                return build;
            }

            @Override
            public DevicePool.Reuse reuse() {
                return DevicePool.Reuse.CACHE;
            }
        });
    }

    /** The entry points that tests have launched so far, on devices that are closed. */
    static Set<String> exercised() {
        return DRIVERS.stream().flatMap(driver -> driver.exercised().stream()).collect(Collectors.toSet());
    }
}
