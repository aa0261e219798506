package org.s2d.device.cuda;

import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventQuery;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuFuncSetAttribute;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuModuleGetFunction;
import static jcuda.driver.JCudaDriver.cuModuleLoadData;
import static jcuda.driver.JCudaDriver.cuModuleUnload;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamCreate;
import static jcuda.driver.JCudaDriver.cuStreamDestroy;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;
import static jcuda.driver.JCudaDriver.cuStreamWaitEvent;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.cudaStream_t;
import org.s2d.device.DeviceException;

/**
 * The driver interface on a GPU, through JCuda. Streams do not wait for the default stream. JCuda's native half must have been
 * loaded before ({@code JCudaNatives.loadDriver}). May be used from several threads, one at a time.
 */
final class JcudaDriver implements Driver {
    private final DriverStatus status = new DriverStatus();
    private final PrimaryContext context;
    private final JcudaMemory memory = new JcudaMemory(status);
    private final Handles<DeviceStream> streams = new Handles<DeviceStream>("stream").with(0, new DeviceStream());
    private final Handles<CUevent> events = new Handles<>("event");
    private final Handles<CUmodule> modules = new Handles<>("module");
    private final Handles<CUfunction> functions = new Handles<>("function");
    private final Handles<CUgraph> graphs = new Handles<>("graph");
    private final Handles<CUgraphExec> executables = new Handles<>("executable graph");

    JcudaDriver() {
        JCudaDriver.setExceptionsEnabled(false); // they would not say what was asked
        context = new PrimaryContext(status);
    }

    /** A stream as the libraries over the runtime API take it. */
    cudaStream_t runtimeStream(long stream) {
        return new cudaStream_t(streams.get(stream));
    }

    /** A stream as libraries take it that JCuda does not bind. */
    long streamAddress(long stream) {
        return streams.get(stream).address();
    }

    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public DeviceProperties properties() {
        return context.properties();
    }

    /** The newest CUDA version that the driver runs, 1000 times its number and 10 times the part behind the point. */
    int version() {
        return context.version();
    }

    @Override
    public MemoryInfo memory() {
        context.makeCurrent();
        return memory.info();
    }

    // Memory

    @Override
    public long allocate(long bytes) {
        context.makeCurrent();
        return memory.allocate(bytes);
    }

    @Override
    public void free(long address) {
        context.makeCurrent();
        memory.free(address);
    }

    @Override
    public MemorySegment allocateHost(long bytes) {
        context.makeCurrent();
        return memory.allocateHost(bytes);
    }

    @Override
    public void freeHost(MemorySegment pinned) {
        context.makeCurrent();
        memory.freeHost(pinned);
    }

    @Override
    public void fill(long address, byte value, long bytes, long stream) {
        memory.fill(address, value, bytes, on(stream));
    }

    @Override
    public void copyToDevice(long to, MemorySegment from, long stream) {
        memory.copyToDevice(to, from, on(stream));
    }

    @Override
    public void copyToHost(MemorySegment to, long from, long stream) {
        memory.copyToHost(to, from, on(stream));
    }

    @Override
    public void copyOnDevice(long to, long from, long bytes, long stream) {
        memory.copyOnDevice(to, from, bytes, on(stream));
    }

    /** A stream, for a call of this thread. */
    private CUstream on(long stream) {
        context.makeCurrent();
        return streams.get(stream);
    }

    // Streams and events

    @Override
    public long createStream() {
        context.makeCurrent();
        DeviceStream stream = new DeviceStream();
        status.require(cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "make a stream");
        return streams.add(stream);
    }

    @Override
    public void destroyStream(long stream) {
        context.makeCurrent();
        status.requireUnlessLost(cuStreamDestroy(streams.remove(stream)), "destroy a stream");
    }

    @Override
    public void synchronize(long stream) {
        status.require(cuStreamSynchronize(on(stream)), "wait for the GPU");
    }

    @Override
    public long createEvent() {
        context.makeCurrent();
        CUevent event = new CUevent();
        status.require(cuEventCreate(event, 0), "make an event");
        return events.add(event);
    }

    @Override
    public void destroyEvent(long event) {
        context.makeCurrent();
        status.requireUnlessLost(cuEventDestroy(events.remove(event)), "destroy an event");
    }

    @Override
    public void record(long event, long stream) {
        status.require(cuEventRecord(events.get(event), on(stream)), "record an event");
    }

    @Override
    public void await(long stream, long event) {
        status.require(cuStreamWaitEvent(on(stream), events.get(event), 0), "let a stream wait for an event");
    }

    @Override
    public boolean hasHappened(long event) {
        context.makeCurrent();
        int result = cuEventQuery(events.get(event));
        if (result == CUresult.CUDA_ERROR_NOT_READY) {
            return false;
        }
        status.require(result, "ask for an event");
        return true;
    }

    @Override
    public void synchronizeEvent(long event) {
        context.makeCurrent();
        status.require(cuEventSynchronize(events.get(event)), "wait for an event");
    }

    @Override
    public float milliseconds(long from, long to) {
        context.makeCurrent();
        float[] time = new float[1];
        status.require(cuEventElapsedTime(time, events.get(from), events.get(to)), "measure the time between events");
        return time[0];
    }

    // Kernels

    @Override
    public long loadModule(Path image) {
        context.makeCurrent();
        CUmodule module = new CUmodule();
        status.require(cuModuleLoadData(module, read(image)), "load the kernels in", image);
        return modules.add(module);
    }

    /** With a zero behind the end: the driver takes PTX as a C string and binaries by the length they tell. */
    private static byte[] read(Path image) {
        try {
            byte[] bytes = Files.readAllBytes(image);
            return Arrays.copyOf(bytes, bytes.length + 1);
        } catch (IOException e) {
            throw new DeviceException("cuda: cannot read the kernels in " + image + ": " + e, e);
        }
    }

    @Override
    public void unloadModule(long module) {
        context.makeCurrent();
        status.requireUnlessLost(cuModuleUnload(modules.remove(module)), "unload kernels");
    }

    @Override
    public long function(long module, String name) {
        context.makeCurrent();
        CUfunction function = new CUfunction();
        status.require(cuModuleGetFunction(function, modules.get(module), name), "find the kernel", name);
        return functions.add(function);
    }

    @Override
    public void allowSharedBytes(long function, int bytes) {
        context.makeCurrent();
        int most = CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        int result = cuFuncSetAttribute(functions.get(function), most, bytes);
        status.require(result, "allow a kernel", bytes, "bytes of shared memory");
    }

    @Override
    public void launch(Kernel kernel, Launch launch, Arguments arguments, long stream) {
        status.launched(kernel.name());
        int result = cuLaunchKernel(
                functions.get(kernel.function()),
                launch.gridX(),
                launch.gridY(),
                launch.gridZ(),
                launch.blockX(),
                launch.blockY(),
                launch.blockZ(),
                launch.sharedBytes(),
                on(stream),
                new DeviceAddress(arguments.pointers().address()),
                null);
        status.require(result, "launch", kernel.name());
    }

    // Graphs

    /** Other threads may go on with calls that a capture forbids. */
    @Override
    public void beginCapture(long stream) {
        int mode = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        status.require(cuStreamBeginCapture(on(stream), mode), "begin to capture a stream");
    }

    @Override
    public long endCapture(long stream) {
        CUgraph graph = new CUgraph();
        status.require(cuStreamEndCapture(on(stream), graph), "end the capture of a stream");
        return graphs.add(graph);
    }

    @Override
    public long instantiate(long graph) {
        context.makeCurrent();
        CUgraphExec executable = new CUgraphExec();
        status.require(cuGraphInstantiate(executable, graphs.get(graph), 0), "make a graph executable");
        return executables.add(executable);
    }

    @Override
    public void launchGraph(long executable, long stream) {
        status.launched("in a graph");
        status.require(cuGraphLaunch(executables.get(executable), on(stream)), "launch a graph");
    }

    @Override
    public void destroyGraph(long graph) {
        context.makeCurrent();
        status.requireUnlessLost(cuGraphDestroy(graphs.remove(graph)), "destroy a graph");
    }

    @Override
    public void destroyExecutable(long executable) {
        context.makeCurrent();
        status.requireUnlessLost(cuGraphExecDestroy(executables.remove(executable)), "destroy an executable graph");
    }

    @Override
    public void close() {
        context.close();
    }
}
