package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * Single operations and layers. Tensors are named {@code OP/in.x}, {@code OP/param.weight}, {@code OP/out}, {@code OP/gout}
 * (the gradient that comes from above), {@code OP/grad.x}, and {@code OP/f64.*} for the same in float64. What an operation
 * computes follows from its name: {@link Operations}.
 */
final class OperationsVerifier implements CaseVerifier {
    private static final Pattern FRAMES = Pattern.compile("num_frames=(\\d+)");
    private static final List<String> FILES = List.of("ops", "loss");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile("ops");
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        for (String file : FILES) {
            if (folder.hasFile(file)) {
                operations(folder, file).forEach(operation -> verify(folder, file, operation, target, report));
            }
        }
    }

    private static Set<String> operations(CaseFolder folder, String file) {
        Set<String> operations = new LinkedHashSet<>();
        folder.names(file).forEach(name -> operations.add(name.substring(0, Math.max(0, name.indexOf('/')))));
        return operations;
    }

    private static void verify(CaseFolder folder, String file, String operation, Target target, Report report) {
        Device device = target.device();
        Map<String, Tensor> results = new LinkedHashMap<>();
        try (HostPool hostPool = new HostPool();
                Scope host = new Scope(hostPool);
                Tape tape = tape(operation, target)) {
            Download download = new Download(device, host);
            Map<String, Var> operands = operands(folder, file, operation, tape);
            Map<String, Var> outputs;
            try {
                Shape outShape = outShape(folder, file, operation);
                int frames = frames(folder, operation);
                outputs = Operations.run(new Operations.Operands(operation, tape, operands, outShape, frames));
            } catch (UserException e) {
                report.fail(operation, String.valueOf(e.getMessage()));
                return;
            }
            outputs.forEach((name, value) -> results.put(name, download.of(value.value())));
            backward(folder, file, operation, tape, outputs);
            operands.forEach((name, value) -> {
                Tensor grad = value.grad();
                if (grad != null) {
                    results.put("grad." + name, download.of(grad));
                }
            });
            compare(folder, file, operation, results, report);
        }
    }

    private static Tape tape(String operation, Target target) {
        return operation.endsWith("_train")
                ? Tape.training(target.device(), target.precision(), Gradients.RECORD, 0)
                : Tape.evaluating(target.device(), target.precision(), Gradients.RECORD);
    }

    private static Shape outShape(CaseFolder folder, String file, String operation) {
        String out = operation + "/out";
        return folder.has(file, out) ? folder.tensor(file, out).shape() : Shape.of();
    }

    /** Frames per clip where an operation mixes frames: as its description says, else two. */
    private static int frames(CaseFolder folder, String operation) {
        for (JsonNode tensor : folder.manifest().path("tensors")) {
            Matcher matcher = FRAMES.matcher(tensor.path("how").asText());
            if (tensor.path("name").asText().startsWith(operation + "/") && matcher.find()) {
                return Integer.parseInt(matcher.group(1));
            }
        }
        return 2;
    }

    /** Inputs and parameters by name without their prefix; floating ones want gradients. */
    private static Map<String, Var> operands(CaseFolder folder, String file, String operation, Tape tape) {
        Map<String, Var> operands = new LinkedHashMap<>();
        for (String name : folder.names(file)) {
            String rest = name.startsWith(operation + "/") ? name.substring(operation.length() + 1) : "";
            boolean operand = rest.startsWith("in.") || rest.startsWith("param.") || rest.equals("mask");
            if (operand) {
                Tensor value = folder.tensor(file, name);
                boolean floating = value.dtype() != DType.I64;
                Tensor placed = value;
                if (floating) {
                    placed = tape.allocate(tape.floatType(), value.shape());
                    tape.device().upload(placed, value);
                }
                boolean wantsGrad =
                        floating && folder.has(file, operation + "/grad." + rest.substring(rest.indexOf('.') + 1));
                operands.put(rest.substring(rest.indexOf('.') + 1), tape.input(placed, wantsGrad));
            }
        }
        return operands;
    }

    private static void backward(
            CaseFolder folder, String file, String operation, Tape tape, Map<String, Var> outputs) {
        List<Var> differentiated = new ArrayList<>();
        List<Tensor> gradients = new ArrayList<>();
        outputs.forEach((name, value) -> {
            if (!name.startsWith("out") || !value.requiresGrad()) {
                return;
            }
            String upstream = operation + "/g" + name;
            Tensor gradient = tape.allocate(tape.floatType(), value.shape());
            if (folder.has(file, upstream)) {
                tape.device().upload(gradient, folder.tensor(file, upstream).reshape(value.shape()));
            } else {
                tape.device().elementwise().fill(gradient, 1); // losses are differentiated themselves
            }
            differentiated.add(value);
            gradients.add(gradient);
        });
        tape.backward(differentiated, gradients);
    }

    private static void compare(
            CaseFolder folder, String file, String operation, Map<String, Tensor> results, Report report) {
        String prefix = operation + "/";
        for (String name : folder.names(file)) {
            String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
            if (!rest.startsWith("out") && !rest.startsWith("grad.") && !rest.startsWith("after.")) {
                continue;
            }
            Tensor ours = results.get(rest);
            if (ours == null) {
                report.fail(name, "not computed");
            } else {
                report.check(name, ours, folder.tensor(file, name), folder.float64(file, prefix + "f64." + rest));
            }
        }
    }
}
