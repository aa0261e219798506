package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import org.s2d.tensor.Shape;
import org.s2d.tensor.UserException;

/** The names by which a pickle builds NumPy arrays and scalars. */
final class PickleArrays {
    static final String ARRAY = "numpy.ndarray";
    private static final String DTYPE = "numpy.dtype";

    private final SourceFile file;
    private final PickleBudget budget;

    PickleArrays(SourceFile file, PickleBudget budget) {
        this.file = file;
        this.budget = budget;
    }

    void addTo(PickleGlobals globals) {
        globals.allowMention("numpy", "ndarray");
        globals.allow(DTYPE, PyObject::new);
        globals.allow("numpy.core.multiarray._reconstruct", (name, a) -> new PyObject(ARRAY, List.of()));
        globals.allow(
                "numpy.core.multiarray.scalar", (name, a) -> scalar(globals.argument(a, 0), globals.argument(a, 1)));
        globals.allow(
                "numpy.core.numeric._frombuffer",
                (name, a) -> array(
                        new PyObject(ARRAY, List.of()),
                        globals.argument(a, 2),
                        globals.argument(a, 1),
                        globals.argument(a, 3).equals("F"),
                        globals.argument(a, 0)));
    }

    /** State of a dtype (version, byte order, ...) or an array (version, shape, dtype, fortran order, content). */
    void setState(PyObject target, Object state) {
        if (!(state instanceof PyTuple values)) {
            throw malformed("a NumPy state that is not a tuple");
        }
        if (target.className().equals(DTYPE) && values.size() >= 2) {
            target.with("byteorder", values.get(1));
        } else if (target.className().equals(ARRAY) && values.size() == 5) {
            array(target, values.get(1), values.get(2), values.get(3).equals(true), values.get(4));
        } else {
            throw malformed("an unknown NumPy state");
        }
    }

    private PyObject array(PyObject target, Object sizes, Object dtype, boolean fortran, Object content) {
        if (content instanceof List<?>) {
            return target.with("value", content); // an array of Python objects
        }
        if (!(content instanceof byte[] bytes)
                || !(sizes instanceof List<?> list)
                || list.size() > SourceFile.MAX_RANK) {
            throw malformed("a NumPy array without content or shape");
        }
        long[] dims = new long[list.size()];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = list.get(i) instanceof Long size ? size : -1;
        }
        Shape shape = file.shape(ARRAY, dims);
        return target.with("value", tensor(shape, dtype, fortran, bytes));
    }

    private Object scalar(Object dtype, Object content) {
        if (!(content instanceof byte[] bytes)) {
            throw malformed("a NumPy scalar without content");
        }
        StoredTensor tensor = tensor(Shape.of(), dtype, false, bytes);
        return new ElementCopy(tensor, MemorySegment.NULL).first();
    }

    private StoredTensor tensor(Shape shape, Object dtype, boolean fortran, byte[] content) {
        budget.steps(16);
        NumpyType type = type(dtype);
        long[] strides = fortran ? NumpyType.fortranStrides(shape) : shape.contiguousStrides();
        if (!StoredTensor.fits(shape, strides, 0, type.type(), content.length)) {
            throw malformed("a NumPy array of shape " + shape + " with only " + content.length + " bytes");
        }
        StoredBytes bytes = StoredBytes.of(MemorySegment.ofArray(content));
        return new StoredTensor("", type.type(), shape, strides, 0, type.order(), bytes);
    }

    private NumpyType type(Object dtype) {
        if (dtype instanceof PyObject object
                && object.className().equals(DTYPE)
                && !object.arguments().isEmpty()
                && object.arguments().getFirst() instanceof String code) {
            NumpyType type = NumpyType.parse(code);
            if (type != null) {
                boolean big = ">".equals(object.attributes().get("byteorder"));
                return big ? new NumpyType(type.type(), ByteOrder.BIG_ENDIAN) : type;
            }
            throw file.problem("a NumPy array of element type '" + code + "' is not supported.");
        }
        throw malformed("a NumPy array without element type");
    }

    private UserException malformed(String what) {
        return file.problem("malformed pickle: " + what + ". The file is damaged.");
    }
}
