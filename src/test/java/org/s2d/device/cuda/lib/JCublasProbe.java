package org.s2d.device.cuda.lib;

import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import org.s2d.device.natives.Machine;

/** A process of its own, since a library is bound once per process: prints what JCublas says of itself. */
final class JCublasProbe {
    private JCublasProbe() {}

    public static void main(String[] args) {
        CudaLibraries libraries = CudaLibraries.find(Machine.ofProcess());
        new JCudaNatives(libraries).loadCublas();
        cublasHandle handle = new cublasHandle();
        int created = JCublas2.cublasCreate(handle);
        int[] version = new int[1];
        int asked = JCublas2.cublasGetVersion(handle, version);
        System.out.println("created " + created + ", asked " + asked + ", version " + version[0] + ", temporary "
                + System.getProperty("java.io.tmpdir"));
    }
}
