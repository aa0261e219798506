package org.s2d.device.cuda.lib;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import jcuda.JCudaVersion;
import jcuda.LibUtils;
import jcuda.LogLevel;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.jcudnn.JCudnn;
import jcuda.nvrtc.JNvrtc;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.DependencyRename;
import org.s2d.device.natives.ElfException;
import org.s2d.device.natives.NativeLibrary;
import org.s2d.device.natives.UserCache;

/**
 * Loads JCuda's native halves, bound to the libraries that were found. To be called before the JCuda class of the same
 * name is touched; calling it again does nothing more.
 *
 * <p>JCuda 12.6 asks for {@code libcublas.so.12} and {@code libnvrtc.so.12}. On CUDA 13 a private copy that asks for 13 is
 * loaded in its place (see {@link DependencyRename}); the functions that JCuda calls are in both.
 *
 * <p>JCuda unpacks its libraries to the directory for temporary files, which every user can write, and takes what already
 * lies there. That is turned to use: while a class is initialized, that directory is a private one of ours, in which the
 * right file waits.
 */
public final class JCudaNatives {
    /** CUDA version that JCuda's natives were linked to. */
    private static final int JCUDA_MAJOR = 12;

    private static final String TEMPORARY = "java.io.tmpdir";

    private final CudaLibraries libraries;
    private final @Nullable Path cache;

    /** @param cache where copies are kept between runs, null for nowhere */
    public JCudaNatives(CudaLibraries libraries, @Nullable Path cache) {
        this.libraries = libraries;
        this.cache = cache;
    }

    public JCudaNatives(CudaLibraries libraries) {
        this(libraries, UserCache.ofProcess());
    }

    /** {@link JCudaDriver} over the driver. Throws {@link DeviceException} when there is none. */
    public void loadDriver() {
        preload(CudaLibrary.DRIVER);
        load("JCudaDriver", CudaLibrary.DRIVER, () -> JCudaDriver.setLogLevel(LogLevel.LOG_QUIET));
    }

    /** {@link JCublas2} over cuBLAS 12 or 13. */
    public void loadCublas() {
        preload(CudaLibrary.CUBLAS_LT);
        preload(CudaLibrary.CUBLAS);
        load("JCublas2", CudaLibrary.CUBLAS, JCublas2::initialize);
    }

    /** {@link JCudnn} over cuDNN 9. */
    public void loadCudnn() {
        preload(CudaLibrary.CUBLAS_LT);
        preload(CudaLibrary.CUDNN);
        load("JCudnn", CudaLibrary.CUDNN, JCudnn::initialize);
    }

    /** {@link JNvrtc} over NVRTC 12 or 13. */
    public void loadNvrtc() {
        preload(CudaLibrary.NVRTC);
        load("JNvrtc", CudaLibrary.NVRTC, () -> JNvrtc.setLogLevel(LogLevel.LOG_QUIET));
    }

    /** What lies outside the loader's path must be in the process before a library asks for it by name. */
    private void preload(CudaLibrary library) {
        NativeLibrary.open(libraries.require(library).path());
    }

    private void load(String name, CudaLibrary target, Runnable initialize) {
        String file = System.mapLibraryName(LibUtils.createPlatformLibraryName(name + "-" + JCudaVersion.get()));
        byte[] content = bound(file, target);
        Optional<DeviceException> refusal = Optional.of(new DeviceException("no cache directory"));
        if (cache != null) {
            refusal = attempt(cache, file, content, initialize);
        }
        if (refusal.isPresent()) {
            Optional<DeviceException> second = attemptTemporary(file, content, initialize);
            if (second.isPresent()) {
                throw new DeviceException(
                        "--device cuda: " + second.get().getMessage() + " ("
                                + refusal.get().getMessage() + ")",
                        second.get());
            }
        }
    }

    private Optional<DeviceException> attemptTemporary(String file, byte[] content, Runnable initialize) {
        try {
            Path temporary = Files.createTempDirectory("s2d-jcuda");
            Optional<DeviceException> refusal = attempt(temporary, file, content, initialize);
            removeQuietly(temporary); // what is loaded stays mapped
            return refusal;
        } catch (IOException e) {
            return Optional.of(new DeviceException("cannot unpack " + file + ": " + e, e));
        }
    }

    private static Optional<DeviceException> attempt(Path parent, String file, byte[] content, Runnable initialize) {
        try {
            Path stored = UserCache.store(parent, "jcuda", file, content);
            NativeLibrary.open(stored); // says what is wrong in one line, where JCuda prints two stack traces
            initializeBeside(stored, initialize);
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(new DeviceException("cannot unpack " + file + ": " + e, e));
        } catch (DeviceException e) {
            return Optional.of(e);
        }
    }

    private static synchronized void initializeBeside(Path stored, Runnable initialize) {
        String usual = System.getProperty(TEMPORARY);
        System.setProperty(TEMPORARY, String.valueOf(stored.toAbsolutePath().getParent()));
        try {
            initialize.run();
        } catch (LinkageError e) {
            throw new DeviceException("JCuda cannot load " + stored, e);
        } finally {
            System.setProperty(TEMPORARY, usual);
        }
    }

    /** JCuda's library from its jar, asking for the CUDA version that is here. */
    private byte[] bound(String file, CudaLibrary target) {
        try (InputStream in = JCudaVersion.class.getResourceAsStream("/lib/" + file)) {
            if (in == null) {
                throw new DeviceException("--device cuda: " + file
                        + " is not on the class path. Start through ./s2d, or add JCuda's natives for linux-x86_64.");
            }
            byte[] content = in.readAllBytes();
            String asked = target.soname(JCUDA_MAJOR);
            String here = target.soname(libraries.cudaMajor());
            return asked.equals(here) ? content : new DependencyRename(asked, here).apply(content);
        } catch (IOException | ElfException e) {
            throw new DeviceException("--device cuda: " + file + ": " + e.getMessage(), e);
        }
    }

    private static void removeQuietly(Path directory) {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            directory.toFile().deleteOnExit(); // a leftover is no reason to fail
        }
    }
}
