package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.data.prepare.Progress;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.optim.AdamW;
import org.s2d.optim.CosineSchedule;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.step.FreezeRule;
import org.s2d.train.step.LandmarkSource;
import org.s2d.train.step.PlannedClips;
import org.s2d.train.step.TrainingStep;

/** The training run of a trajectory case on our engine, and what it saw. */
final class TrajectoryRun implements AutoCloseable {
    private static final String DATA = "data";
    private static final Pattern INITIAL = Pattern.compile("initial weights\\s*=\\s*(\\w+)/(\\w+)");

    /** A tensor to keep after so many steps: a parameter, {@code Queue} or {@code Probe}, and where the case has it. */
    record Snapshot(int step, String name, String file, String stored) {}

    private final CaseFolder folder;
    private final CaseVerifier.Target target;
    private final Device device;
    private final HostPool hostPool = new HostPool();
    private final Scope host = new Scope(hostPool);
    private final Scope scope;
    private final S2dModel model;
    private final Sdl sdl;
    private final boolean distils;
    private final List<ParameterGroups.Group> groups;
    private final AdamW optimizer;
    private final int allSteps;
    private final int steps;
    private final Map<String, List<Double>> rows = new LinkedHashMap<>();
    private final Map<Snapshot, double[]> snapshots = new LinkedHashMap<>();
    private final Map<String, List<double[]>> distillation = new LinkedHashMap<>();

    TrajectoryRun(CaseFolder folder, CaseVerifier.Target target, boolean distils) {
        this.folder = folder;
        this.target = target;
        this.distils = distils;
        device = target.device();
        scope = new Scope(device.allocator());
        model = initialModel();
        FreezeRule.S2D.apply(model);
        groups = ParameterGroups.of(model.parameters().values());
        JsonNode args = args();
        JsonNode betas = args.path("opt_betas");
        optimizer = new AdamW(
                groups,
                new AdamW.Options(
                        betas.path(0).asDouble(0.9),
                        betas.path(1).asDouble(0.999),
                        args.path("opt_eps").asDouble(1e-8)),
                device,
                scope);
        sdl = queue();
        allSteps = Math.min(
                folder.config().path("steps").asInt(),
                folder.tensor(DATA, "batch_index").dim(0));
        steps = Math.min(allSteps, target.steps());
    }

    private JsonNode args() {
        return folder.config().path("args");
    }

    private S2dModel initialModel() {
        return ModelState.load(
                ModelState.config(folder.config().path("model")), stateFolder(), stateFile(), device, scope);
    }

    private Matcher initialNote() {
        return INITIAL.matcher(folder.manifest().path("notes").toString());
    }

    private CaseFolder stateFolder() {
        Matcher note = initialNote();
        return !folder.hasFile("state") && note.find() ? folder.sibling(note.group(1)) : folder;
    }

    private String stateFile() {
        Matcher note = initialNote();
        return !folder.hasFile("state") && note.find() ? note.group(2) : "state";
    }

    private Sdl queue() {
        JsonNode config = folder.config().path("sdl");
        Sdl made = new Sdl(
                device,
                scope,
                model.config().classes(),
                config.path("size").asInt(1),
                model.config().embedDim(),
                config.path("k").asInt(1),
                0);
        if (distils) {
            made.restore(folder.tensor("sdl", "Queue.after0"), folder.tensor("sdl", "Probe.after0"));
        }
        return made;
    }

    /** Runs all steps and keeps the snapshots asked for. */
    void run(List<Snapshot> wanted, Progress progress) {
        JsonNode args = args();
        int accumulation = Math.max(1, args.path("update_freq").asInt(1));
        double batch = args.path("batch_size").asInt() * accumulation;
        long perEpoch = folder.config().path("niter_per_epoch").asLong();
        int epochs = args.path("epochs").asInt();
        CosineSchedule lr = CosineSchedule.ofEpochs(
                args.path("lr").asDouble() * batch / 8,
                args.path("min_lr").asDouble() * batch / 256,
                epochs,
                perEpoch,
                args.path("warmup_epochs").asInt(),
                args.path("warmup_steps").asLong(-1),
                0);
        double decay = args.path("weight_decay").asDouble();
        CosineSchedule weightDecay = CosineSchedule.ofEpochs(
                decay, args.path("weight_decay_end").asDouble(decay), epochs, perEpoch, 0, 0, 0);
        Tensor batches = folder.tensor(DATA, "batch_index");
        take(wanted, 0);
        try (TrainingStep step = new TrainingStep(
                device,
                target.precision(),
                model,
                optimizer,
                distils ? sdl : null,
                args.path("smoothing").asDouble(),
                args.path("clip_grad").asDouble(0),
                false)) {
            if (distils) {
                step.setObserver(this::observe);
            }
            for (int i = 0; i < steps; i++) {
                try (Scope inputs = new Scope(hostPool)) {
                    TrainingStep.Input input = input(inputs, batches.select(0, i));
                    train(step, input, i, lr.at(i), weightDecay.at(i));
                }
                take(wanted, i + 1);
                progress.advanced(i + 1, steps);
            }
        }
    }

    private void train(TrainingStep step, TrainingStep.Input input, int i, double lr, double weightDecay) {
        boolean on =
                distils && i >= folder.config().path("sdl").path("from_step").asInt();
        double weight = on ? folder.config().path("sdl").path("weight").asDouble() : 0;
        TrainingStep.Result result = step.run(List.of(input), new TrainingStep.Rates(lr, weightDecay, weight, on, i));
        row("loss", result.loss());
        row("grad_norm", result.gradNorm());
        row("lr", lr);
        row("weight_decay", weightDecay);
        row("sdl_loss", on ? result.sdlLoss() : -1);
    }

    private void row(String name, double value) {
        rows.computeIfAbsent(name, unseen -> new ArrayList<>()).add(value);
    }

    /** What goes into and out of the self-distillation loss; only steps in which it takes part show soft targets. */
    private void observe(String name, Var value) {
        String stored = switch (name) {
            case "sdl.soft_targets" -> "soft_targets";
            case "feature" -> "feat";
            case "logits" -> "logits";
            case "sdl.update.feat" -> "update.feat";
            case "sdl.update.logits" -> "update.logits";
            default -> null;
        };
        if (stored != null) {
            distillation.computeIfAbsent(stored, unseen -> new ArrayList<>()).add(read(value.value()));
        }
    }

    private double[] read(Tensor tensor) {
        try (Scope scratch = new Scope(hostPool)) {
            return new Download(device, scratch).of(tensor).toDoubles();
        }
    }

    private void take(List<Snapshot> wanted, int step) {
        for (Snapshot snapshot : wanted) {
            if (snapshot.step() == step) {
                Tensor tensor = switch (snapshot.name()) {
                    case "Queue" -> sdl.queue();
                    case "Probe" -> sdl.distributions();
                    default -> parameter(snapshot.name());
                };
                snapshots.put(snapshot, read(tensor));
            }
        }
    }

    private Tensor parameter(String name) {
        Parameter parameter = model.parameters().get(name);
        if (parameter == null) {
            throw new UserException(folder.path() + ": the model has no parameter " + name + ".");
        }
        return parameter.value();
    }

    private TrainingStep.Input input(Scope inputs, Tensor clipIds) {
        int[] ids = new int[Math.toIntExact(clipIds.numel())];
        Arrays.setAll(ids, i -> (int) clipIds.getLong(i));
        long[] all = folder.longs(DATA, "labels");
        long[] labels = Arrays.stream(ids).mapToLong(id -> all[id]).toArray();
        Tensor clips = gather(inputs, folder.tensor(DATA, "x"), ids, 1);
        Tensor maps =
                gather(inputs, folder.tensor(DATA, "a"), ids, model.config().frames());
        return new TrainingStep.Input(PlannedClips.made(clips), labels, constant(maps));
    }

    private static LandmarkSource constant(Tensor maps) {
        return (tape, clips) -> tape.constant(upload(tape, maps));
    }

    private static Tensor upload(Tape tape, Tensor hostTensor) {
        Tensor tensor = tape.allocate(tape.floatType(), hostTensor.shape());
        tape.device().upload(tensor, hostTensor);
        return tensor;
    }

    /** Rows {@code id * rows} to {@code (id + 1) * rows} of every id, one after the other. */
    private static Tensor gather(Scope inputs, Tensor all, int[] ids, int rows) {
        Tensor gathered = inputs.allocate(DType.F32, all.shape().with(0, ids.length * rows));
        for (int i = 0; i < ids.length; i++) {
            gathered.narrow(0, i * rows, rows)
                    .data()
                    .copyFrom(all.narrow(0, ids[i] * rows, rows).data());
        }
        return gathered;
    }

    /** Logits of all clips by the trained model. */
    double[] finalLogits() {
        Tensor x = folder.tensor(DATA, "x");
        Tensor a = folder.tensor(DATA, "a");
        double[] logits = new double[x.dim(0) * model.config().classes()];
        for (int clip = 0; clip < x.dim(0); clip++) {
            try (Tape tape = Tape.evaluating(device, target.precision(), Gradients.NONE)) {
                Var clips = tape.constant(upload(tape, x.narrow(0, clip, 1)));
                int frames = model.config().frames();
                Var maps = tape.constant(upload(tape, a.narrow(0, clip * frames, frames)));
                double[] own = read(model.forward(tape, clips, maps).logits().value());
                System.arraycopy(own, 0, logits, clip * own.length, own.length);
            }
        }
        return logits;
    }

    /** Whether the run went to the end of the case's. */
    boolean complete() {
        return steps == allSteps;
    }

    /** One value per step: loss, grad_norm, lr, weight_decay, sdl_loss. */
    Map<String, double[]> rows() {
        Map<String, double[]> result = new LinkedHashMap<>();
        rows.forEach((name, values) -> result.put(
                name, values.stream().mapToDouble(Double::doubleValue).toArray()));
        return result;
    }

    Map<Snapshot, double[]> snapshots() {
        return snapshots;
    }

    /** Soft targets, features and logits of the steps in which self-distillation took part, one after the other. */
    Map<String, double[]> distillation() {
        int steps = distillation.getOrDefault("soft_targets", List.of()).size();
        Map<String, double[]> result = new LinkedHashMap<>();
        distillation.forEach((name, values) -> result.put(
                name,
                values.subList(values.size() - steps, values.size()).stream()
                        .flatMapToDouble(Arrays::stream)
                        .toArray()));
        return result;
    }

    /** Final weights by name, on the host. */
    Map<String, Tensor> weights() {
        Map<String, Tensor> result = new LinkedHashMap<>();
        model.parameters().forEach((name, parameter) -> result.put(name, onHost(parameter.value())));
        return result;
    }

    /** Final moments: {@code adam.exp_avg.NAME}, {@code adam.exp_avg_sq.NAME}. */
    Map<String, Tensor> moments() {
        Map<String, Tensor> result = new LinkedHashMap<>();
        optimizer.state().forEach((name, moments) -> {
            result.put("adam.exp_avg." + name, onHost(moments.expAvg()));
            result.put("adam.exp_avg_sq." + name, onHost(moments.expAvgSq()));
        });
        return result;
    }

    private Tensor onHost(Tensor tensor) {
        return new Download(device, host).of(tensor);
    }

    /** The value that a parameter started with. */
    Tensor initial(String name) {
        return stateFolder().tensor(stateFile(), name);
    }

    /** Weight decay of every trained parameter, in the optimiser's order. */
    Map<String, Double> weightDecays() {
        Map<String, Double> result = new LinkedHashMap<>();
        double decay = args().path("weight_decay").asDouble();
        for (ParameterGroups.Group group : groups) {
            group.parameters().forEach(parameter -> result.put(parameter.name(), group.decay() ? decay : 0.0));
        }
        return result;
    }

    @Override
    public void close() {
        scope.close();
        host.close();
        hostPool.close();
    }
}
