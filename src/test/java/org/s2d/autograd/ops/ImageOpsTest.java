package org.s2d.autograd.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.weights.Checkpoint;

/** Results and gradients of the image operations against PyTorch's in double. */
class ImageOpsTest {
    /** Builds an operation on named variables. */
    private interface Operation {
        Var apply(Tape tape, Variables variables);
    }

    private interface Variables {
        Var get(String name);

        Tensor constant(String name);

        boolean has(String name);
    }

    private static Operation conv(int stride, int padding, int groups) {
        return (tape, v) -> Conv2d.apply(
                tape,
                v.get("in.x"),
                v.get("param.weight"),
                v.has("param.bias") ? v.get("param.bias") : null,
                Conv2dOptions.of(stride, padding, groups));
    }

    private static Operation resize(Interpolation mode, boolean alignCorners) {
        return (tape, v) -> {
            Tensor gout = v.constant("gout");
            return Resize.apply(tape, v.get("in.x"), gout.dim(2), gout.dim(3), mode, alignCorners);
        };
    }

    private static Var batchNorm(Tape tape, Variables v) {
        BatchNorm.Statistics statistics =
                new BatchNorm.Statistics(v.constant("param.running_mean"), v.constant("param.running_var"), 0.1, 1e-5);
        return BatchNorm.apply(tape, v.get("in.x"), v.get("param.weight"), v.get("param.bias"), statistics);
    }

    private static Map<String, Operation> cases() {
        Map<String, Operation> cases = new LinkedHashMap<>();
        cases.put("conv2d_patchify", conv(4, 0, 1));
        cases.put("conv2d_1x1", conv(1, 0, 1));
        cases.put("conv2d_dw3x3_s1", conv(1, 1, 6));
        cases.put("conv2d_dw3x3_s2", conv(2, 1, 6));
        cases.put("conv2d_grouped", conv(1, 1, 4));
        cases.put("conv2d_3x3_s2", conv(2, 1, 1));
        cases.put("conv2d_dw7x7_p0", conv(1, 0, 5));
        cases.put("conv2d_7x7_p0", conv(1, 0, 1));
        cases.put("batchnorm2d_eval", ImageOpsTest::batchNorm);
        cases.put("batchnorm2d_train", ImageOpsTest::batchNorm);
        cases.put("batchnorm1d_eval", ImageOpsTest::batchNorm);
        cases.put("batchnorm1d_train", ImageOpsTest::batchNorm);
        cases.put("prelu", (tape, v) -> PRelu.apply(tape, v.get("in.x"), v.get("param.weight")));
        for (String sizes : List.of("9x7_to_4x5", "5x6_to_11x8", "8x8_to_4x4", "6x6_to_6x6", "7x1_to_3x4")) {
            cases.put("bilinear_ac1_" + sizes, resize(Interpolation.BILINEAR, true));
            cases.put("bilinear_ac0_" + sizes, resize(Interpolation.BILINEAR, false));
        }
        cases.put("bicubic_scale_pos", resize(Interpolation.BICUBIC, false));
        return cases;
    }

    @TestFactory
    List<DynamicTest> resultsAndGradientsEqualPyTorchs() {
        List<DynamicTest> tests = new ArrayList<>();
        cases().forEach((name, operation) -> {
            tests.add(DynamicTest.dynamicTest(name + " on the reference device", () -> {
                HostPool pool = new HostPool(HostPool.Fill.POISON);
                try (Device device = new ReferenceDevice(pool)) {
                    run(name, operation, device);
                }
            }));
            tests.add(DynamicTest.dynamicTest(name + " on the CPU", () -> {
                HostPool pool = new HostPool(HostPool.Fill.POISON);
                try (Device device = new CpuDevice(pool, 2)) {
                    run(name, operation, device);
                }
            }));
        });
        return tests;
    }

    private static void run(String name, Operation operation, Device device) {
        Map<String, Var> variables = new LinkedHashMap<>();
        Precision fp32 = Precision.FP32;
        try (Checkpoint file = Checkpoint.open(SharedData.require("reference/timm_ops/ops.safetensors"));
                Scope scope = new Scope(device.allocator());
                Tape tape = name.endsWith("_train")
                        ? Tape.training(device, fp32, Tape.Gradients.RECORD, 1)
                        : Tape.evaluating(device, fp32, Tape.Gradients.RECORD)) {
            Case data = new Case(file, name, device.floatType(), scope);
            Variables inputs = new Variables() {
                @Override
                public Var get(String key) {
                    return variables.computeIfAbsent(key, k -> tape.input(data.load(k), true));
                }

                @Override
                public Tensor constant(String key) {
                    return data.load(key);
                }

                @Override
                public boolean has(String key) {
                    return data.has(key);
                }
            };
            Var out = operation.apply(tape, inputs);
            data.check("out", out.value());
            tape.backward(List.of(out), List.of(data.load("gout")));
            variables.forEach((key, variable) -> {
                String gradient = "grad." + key.substring(key.indexOf('.') + 1);
                data.check(gradient, Objects.requireNonNull(variable.grad(), gradient));
            });
            if (data.has("after.running_mean")) {
                data.check("after.running_mean", data.load("param.running_mean"));
                data.check("after.running_var", data.load("param.running_var"));
            }
        }
    }

    /** One case of the file; tensors are loaded once. */
    private record Case(Checkpoint file, String name, DType type, Scope scope, Map<String, Tensor> loaded) {
        Case(Checkpoint file, String name, DType type, Scope scope) {
            this(file, name, type, scope, new LinkedHashMap<>());
        }

        boolean has(String key) {
            return file.tensors().containsKey(name + "/" + key);
        }

        Tensor load(String key) {
            return loaded.computeIfAbsent(key, k -> file.loadAs(name + "/" + k, type, scope));
        }

        private double[] values(String key) {
            return file.loadAs(name + "/" + key, DType.F64, scope).toDoubles();
        }

        /** Limit on the CPU: four times PyTorch's own error in float32. */
        void check(String key, Tensor actual) {
            double[] exact = values("f64." + key);
            if (has("f64." + key + ".lo")) {
                double[] low = values("f64." + key + ".lo");
                for (int i = 0; i < exact.length; i++) {
                    exact[i] += low[i];
                }
            }
            double torch = relativeError(values(key), exact);
            double limit = type == DType.F64 ? 1e-13 : 4 * Math.max(torch, 2.5e-7);
            assertThat(relativeError(actual.toDoubles(), exact))
                    .as(name + " " + key)
                    .isLessThanOrEqualTo(limit);
        }
    }

    private static double relativeError(double[] actual, double[] exact) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += (actual[i] - exact[i]) * (actual[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        return Math.sqrt(difference / Math.max(norm, Double.MIN_NORMAL));
    }
}
