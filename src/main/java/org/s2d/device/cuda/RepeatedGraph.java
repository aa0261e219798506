package org.s2d.device.cuda;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.Repeated;

/**
 * Work as a CUDA graph. Its first run makes what it keeps between runs, the second takes all its memory from the blocks set aside for
 * graphs, the third is recorded with these same blocks, and from then on one launch repeats the whole. Work that cannot be recorded runs
 * kernel by kernel for good. All graphs of a device share their blocks: none of them leaves anything there that is read after it.
 */
final class RepeatedGraph implements Repeated {
    private enum Stage {
        FIRST,
        REHEARSAL,
        RECORDING,
        RECORDED,
        PLAIN
    }

    private final CudaContext context;
    private final Runnable work;
    private Stage stage = Stage.FIRST;
    private @Nullable String reason;
    private long executable;

    RepeatedGraph(CudaContext context, Runnable work) {
        this.context = context;
        this.work = work;
        context.pool().addGraph();
        if (!context.pool().keepsBlocks()) {
            giveUp("memory of the " + context.driver().name() + " has new addresses in every run");
        }
    }

    @Override
    public void run() {
        switch (stage) {
            case FIRST -> {
                work.run();
                stage = Stage.REHEARSAL;
            }
            case REHEARSAL -> {
                stage = Stage.RECORDING; // before the run, which may have to give up
                runAside();
            }
            case RECORDING -> record();
            case RECORDED -> context.driver().launchGraph(executable, context.stream());
            case PLAIN -> work.run();
        }
    }

    /** Runs on the blocks of graphs; what would stay alive there would be overwritten by the next graph. */
    private void runAside() {
        DevicePool pool = context.pool();
        int before = pool.liveBlocks();
        pool.useBlocksOfGraphs(true);
        try {
            work.run();
        } finally {
            pool.useBlocksOfGraphs(false);
        }
        if (pool.liveBlocks() != before) {
            giveUp("it left " + (pool.liveBlocks() - before) + " tensors behind");
        }
    }

    private void record() {
        try {
            long graph = capture();
            try {
                executable = context.driver().instantiate(graph);
            } finally {
                context.driver().destroyGraph(graph);
            }
        } catch (DeviceException e) {
            giveUp(e.getMessage());
            work.run();
            return;
        }
        stage = Stage.RECORDED;
        context.driver().launchGraph(executable, context.stream());
    }

    private long capture() {
        context.beginRecording();
        try {
            runAside();
            if (reason != null) {
                throw new DeviceException(reason);
            }
        } catch (RuntimeException e) {
            try {
                context.driver().destroyGraph(context.endRecording());
            } catch (DeviceException alsoAtItsEnd) {
                e.addSuppressed(alsoAtItsEnd);
            }
            throw e;
        }
        return context.endRecording();
    }

    private void giveUp(@Nullable String why) {
        stage = Stage.PLAIN;
        reason = why;
    }

    @Override
    public Optional<String> whyNotRecorded() {
        return Optional.ofNullable(reason);
    }

    @Override
    public void close() {
        if (stage == Stage.RECORDED) {
            // A replay may still be running.
            context.driver().synchronize(context.stream());
            context.driver().destroyExecutable(executable);
        }
        context.pool().removeGraph();
    }
}
