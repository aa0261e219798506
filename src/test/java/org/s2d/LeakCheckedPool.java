package org.s2d;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.s2d.tensor.HostPool;

/**
 * A poisoned pool for each test that fails the test when storages are still held at its end. Use as a field:
 * {@code @RegisterExtension final LeakCheckedPool memory = new LeakCheckedPool();}
 */
public final class LeakCheckedPool implements BeforeEachCallback, AfterEachCallback {
    private HostPool pool = new HostPool(HostPool.Fill.POISON);

    public HostPool pool() {
        return pool;
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        pool = new HostPool(HostPool.Fill.POISON);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        int held = pool.liveBlocks();
        if (held != 0) {
            throw new AssertionError(held + " storages (" + pool.liveBytes() + " bytes) still held after the test");
        }
    }
}
